# The function: gets the event as its argument, prints the answer; what goes to stderr is in the log.
handler() {
  echo "Event of ${#1} bytes" >&2
  printf '{"message":"Hello from bash %s","event":%s}' "${BASH_VERSION%%(*}" "$1"
}
