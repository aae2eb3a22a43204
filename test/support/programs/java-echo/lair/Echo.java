package lair;

import com.amazonaws.services.lambda.runtime.CognitoIdentity;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Does what its event asks for, for the Java runtime interface client. */
public class Echo implements RequestHandler<Map<String, Object>, Object> {
    public Echo() {
        if ("fail".equals(System.getenv("INIT"))) {
            throw new IllegalStateException("java failed to start as asked");
        }
    }

    @Override
    public Object handleRequest(Map<String, Object> event, Context context) {
        if (Boolean.TRUE.equals(event.get("fail"))) {
            throw new IllegalArgumentException("java failed as asked");
        }
        Object asked = event.get("do");
        if ("exit".equals(asked)) {
            Runtime.getRuntime().halt(7);
        }
        if ("sleep".equals(asked)) {
            sleep(((Number) event.get("ms")).longValue());
        }
        if ("context".equals(asked)) {
            return describe(context);
        }
        if ("log".equals(asked)) {
            context.getLogger().log("one\ntwo\n");
            System.out.println("printed");
        }
        Map<String, Object> reply = new HashMap<>();
        reply.put("runtime", "java");
        reply.put("event", event);
        return reply;
    }

    private static void sleep(long ms) {
        try {
            Thread.sleep(ms);
        } catch (InterruptedException error) {
            throw new IllegalStateException(error);
        }
    }

    private static Object describe(Context context) {
        Map<String, Object> about = new HashMap<>();
        about.put("requestId", context.getAwsRequestId());
        about.put("functionArn", context.getInvokedFunctionArn());
        about.put("remainingMs", context.getRemainingTimeInMillis());
        if (context.getClientContext() != null) {
            about.put("custom", context.getClientContext().getCustom());
        }
        CognitoIdentity identity = context.getIdentity();
        if (identity != null && !identity.getIdentityId().isEmpty()) {
            about.put("identity", Arrays.asList(identity.getIdentityId(), identity.getIdentityPoolId()));
        }
        return about;
    }
}
