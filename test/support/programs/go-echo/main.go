// Echo through github.com/aws/aws-lambda-go, unmodified.
package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aws/aws-lambda-go/lambda"
)

type reply struct {
	Runtime string          `json:"runtime"`
	Event   json.RawMessage `json:"event"`
}

type request struct {
	Fail bool `json:"fail"`
}

func handle(_ context.Context, event json.RawMessage) (reply, error) {
	var asked request
	if json.Unmarshal(event, &asked) == nil && asked.Fail {
		return reply{}, errors.New("go failed as asked")
	}
	return reply{Runtime: "go", Event: event}, nil
}

func main() {
	lambda.Start(handle)
}
