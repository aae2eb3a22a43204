#!/bin/bash
# Turns a deployed function into a shell: reads a line, runs it there, prints the log of the invocation.
function_name=${1:-shell}
out=$(mktemp)
# Version 2 of the AWS CLI wants to be told that a payload is text; version 1 knows nothing else.
text=()
[[ $(aws --version 2>&1) == aws-cli/1.* ]] || text=(--cli-binary-format raw-in-base64-out)
trap 'rm -f "$out"' EXIT
while read -r -p "$function_name> " cmd; do
  payload=$(printf '{"cmd":"%s"}' "$(printf '%s' "$cmd" | sed 's/[\\"]/\\&/g')")
  aws lambda invoke --function-name "$function_name" "${text[@]}" --payload "$payload" \
    --log-type Tail --query LogResult --output text "$out" | base64 -d
done
