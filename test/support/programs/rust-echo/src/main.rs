// Echo through the crate `lambda_runtime`, unmodified.
use lambda_runtime::{run, service_fn, Error, LambdaEvent};
use serde_json::{json, Value};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    if event.payload["fail"] == json!(true) {
        return Err("rust failed as asked".into());
    }
    Ok(json!({ "runtime": "rust", "event": event.payload }))
}
