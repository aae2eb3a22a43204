// Does what its event asks for, through the crate `lambda_runtime`, unmodified.
use lambda_runtime::{run, service_fn, streaming::Response, Error, FunctionResponse, LambdaEvent};
use serde_json::{json, Value};
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_stream::Stream;

type Pieces = Pin<Box<dyn Stream<Item = Result<&'static str, std::io::Error>> + Send>>;
type Reply = FunctionResponse<Value, Pieces>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::var("INIT").as_deref() == Ok("fail") {
        return Err("rust failed to start as asked".into());
    }
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Reply, Error> {
    if event.payload["fail"] == json!(true) {
        return Err("rust failed as asked".into());
    }
    match event.payload["do"].as_str() {
        Some("exit") => std::process::exit(7),
        Some("sleep") => {
            let ms = event.payload["ms"].as_u64().unwrap_or(0);
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        Some("context") => return Ok(FunctionResponse::BufferedResponse(describe(&event)?)),
        Some("stream") => return Ok(FunctionResponse::StreamingResponse(stream(&event.payload))),
        _ => (),
    }
    let reply = json!({ "runtime": "rust", "event": event.payload });
    Ok(FunctionResponse::BufferedResponse(reply))
}

fn describe(event: &LambdaEvent<Value>) -> Result<Value, Error> {
    let context = &event.context;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let client_context = context.client_context.as_ref();
    let identity = context.identity.as_ref();
    Ok(json!({
        "requestId": context.request_id,
        "functionArn": context.invoked_function_arn,
        "remainingMs": context.deadline.saturating_sub(now),
        "custom": client_context.map(|each| &each.custom),
        "identity": identity.map(|each| vec![&each.identity_id, &each.identity_pool_id]),
    }))
}

fn stream(event: &Value) -> Response<Pieces> {
    let breaks = event["break"] == json!(true);
    let pieces: Pieces = Box::pin(async_stream::stream! {
        for piece in ["one ", "two ", "three"] {
            yield Ok(piece);
            tokio::time::sleep(Duration::from_millis(150)).await;
            if breaks {
                yield Err(std::io::Error::other("rust broke as asked"));
                return;
            }
        }
    });
    Response::from(pieces)
}
