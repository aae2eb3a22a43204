// Does what its event asks for, through github.com/aws/aws-lambda-go, unmodified.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type reply struct {
	Runtime string          `json:"runtime"`
	Event   json.RawMessage `json:"event"`
}

type request struct {
	Fail  bool   `json:"fail"`
	Do    string `json:"do"`
	Ms    int    `json:"ms"`
	Break bool   `json:"break"`
}

func handle(ctx context.Context, event json.RawMessage) (any, error) {
	var asked request
	// An event may be any JSON.
	_ = json.Unmarshal(event, &asked)
	if asked.Fail {
		return nil, errors.New("go failed as asked")
	}
	switch asked.Do {
	case "exit":
		os.Exit(7)
	case "sleep":
		time.Sleep(time.Duration(asked.Ms) * time.Millisecond)
	case "context":
		return describe(ctx), nil
	case "stream":
		return stream(asked.Break), nil
	}
	return reply{Runtime: "go", Event: event}, nil
}

func describe(ctx context.Context) map[string]any {
	about, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	answer := map[string]any{
		"requestId":   about.AwsRequestID,
		"functionArn": about.InvokedFunctionArn,
		"remainingMs": time.Until(deadline).Milliseconds(),
		"custom":      about.ClientContext.Custom,
	}
	if about.Identity.CognitoIdentityID != "" {
		answer["identity"] = []string{about.Identity.CognitoIdentityID, about.Identity.CognitoIdentityPoolID}
	}
	return answer
}

func stream(breaks bool) io.Reader {
	reader, writer := io.Pipe()
	go func() {
		for _, piece := range []string{"one ", "two ", "three"} {
			fmt.Fprint(writer, piece)
			time.Sleep(150 * time.Millisecond)
			if breaks {
				writer.CloseWithError(errors.New("go broke as asked"))
				return
			}
		}
		writer.Close()
	}()
	return reader
}

func main() {
	if os.Getenv("INIT") == "fail" {
		panic("go failed to start as asked")
	}
	if os.Getenv("SIGTERM") == "" {
		lambda.Start(handle)
		return
	}
	lambda.StartWithOptions(handle, lambda.WithEnableSIGTERM(func() {
		fmt.Println("go was told to end")
	}))
}
