// An external extension on the crate `lambda-extension`, unmodified: it receives telemetry over HTTP and prints, one line each, the
// types of the platform's records and the lines of the function.
use lambda_extension::{
    service_fn, Error, Extension, LambdaEvent, LambdaTelemetry, LambdaTelemetryRecord, NextEvent, SharedService,
};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let port = std::env::var("TELEMETRY_PORT")?.parse()?;
    Extension::new()
        .with_telemetry_port_number(port)
        .with_events(&["INVOKE", "SHUTDOWN"])
        .with_events_processor(service_fn(event))
        .with_telemetry_types(&["platform", "function"])
        .with_telemetry_processor(SharedService::new(service_fn(telemetry)))
        .run()
        .await
}

async fn event(event: LambdaEvent) -> Result<(), Error> {
    match event.next {
        NextEvent::Invoke(invoke) => println!("extension invoke {}", invoke.request_id),
        NextEvent::Shutdown(shutdown) => println!("extension shutdown {}", shutdown.shutdown_reason),
    }
    Ok(())
}

async fn telemetry(records: Vec<LambdaTelemetry>) -> Result<(), Error> {
    for each in records {
        match each.record {
            LambdaTelemetryRecord::Function(line) => println!("telemetry function {}", line.trim_end()),
            record => {
                let text = format!("{record:?}");
                println!("telemetry {}", text.split([' ', '{']).next().unwrap_or_default());
            }
        }
    }
    Ok(())
}
