// An adapter for web servers: an external extension that takes the events of the function and hands each to an HTTP server beside it
// as a request. The function's own process is that server. Only the standard library.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

type event struct {
	RawPath        string            `json:"rawPath"`
	RawQueryString string            `json:"rawQueryString"`
	Headers        map[string]string `json:"headers"`
	Body           string            `json:"body"`
	IsBase64       bool              `json:"isBase64Encoded"`
	RequestContext struct {
		HTTP struct {
			Method string `json:"method"`
		} `json:"http"`
	} `json:"requestContext"`
}

type answer struct {
	StatusCode int               `json:"statusCode"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
	IsBase64   bool              `json:"isBase64Encoded"`
}

var (
	api    = "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API")
	server = "http://127.0.0.1:" + os.Getenv("ADAPTER_PORT")
	client = &http.Client{}
)

func main() {
	id := register()
	waitForServer()
	go waitForEnd(id)
	for {
		requestID, asked := next()
		post(requestID, ask(requestID, asked))
	}
}

func register() string {
	body := strings.NewReader(`{"events":[]}`)
	request := must(http.NewRequest("POST", api+"/2020-01-01/extension/register", body))
	request.Header.Set("Lambda-Extension-Name", filepath.Base(os.Args[0]))
	response := must(client.Do(request))
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		fail("registration was answered with", response.Status)
	}
	return response.Header.Get("Lambda-Extension-Identifier")
}

// It subscribed to nothing, so this call never ends: it only says that the adapter is ready.
func waitForEnd(id string) {
	request := must(http.NewRequest("GET", api+"/2020-01-01/extension/event/next", nil))
	request.Header.Set("Lambda-Extension-Identifier", id)
	must(client.Do(request))
}

func waitForServer() {
	for {
		response, err := client.Get(server + "/")
		if err == nil {
			response.Body.Close()
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func next() (string, event) {
	response := must(client.Get(api + "/2018-06-01/runtime/invocation/next"))
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		fail("next was answered with", response.Status)
	}
	var asked event
	if err := json.NewDecoder(response.Body).Decode(&asked); err != nil {
		fail("the event is no request:", err)
	}
	return response.Header.Get("Lambda-Runtime-Aws-Request-Id"), asked
}

func ask(requestID string, asked event) answer {
	var body io.Reader = strings.NewReader(asked.Body)
	if asked.IsBase64 {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	url := server + asked.RawPath
	if asked.RawQueryString != "" {
		url += "?" + asked.RawQueryString
	}
	request := must(http.NewRequest(asked.RequestContext.HTTP.Method, url, body))
	for name, value := range asked.Headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("X-Request-Id", requestID)
	response, err := client.Do(request)
	if err != nil {
		return answer{StatusCode: http.StatusBadGateway, Body: err.Error()}
	}
	defer response.Body.Close()
	content := must(io.ReadAll(response.Body))
	headers := map[string]string{}
	for name := range response.Header {
		headers[strings.ToLower(name)] = response.Header.Get(name)
	}
	return answer{response.StatusCode, headers, base64.StdEncoding.EncodeToString(content), true}
}

func post(requestID string, said answer) {
	url := api + "/2018-06-01/runtime/invocation/" + requestID + "/response"
	response := must(client.Post(url, "application/json", bytes.NewReader(must(json.Marshal(said)))))
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		fail("the response was answered with", response.Status)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		fail(err)
	}
	return value
}

func fail(words ...any) {
	fmt.Fprintln(os.Stderr, words...)
	os.Exit(1)
}
