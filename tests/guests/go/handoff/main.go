// Command handoff hands requests over by the host calls that name no request, which the SDK's deprecated package still
// makes. It stands apart because no component can be made of it: the adapter does not have these calls.
package main

import (
	"context"
	"fmt"

	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/x/exp/handoff"
)

func main() {
	fsthttp.ServeFunc(func(_ context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
		backend := "origin"
		if values := r.URL.Query(); values.Has("backend") {
			backend = values.Get("backend")
		}
		handOver := handoff.Websocket
		if r.URL.Path == "/fanout-old" {
			handOver = handoff.Fanout
		}
		if err := handOver(backend); err != nil {
			fmt.Fprintf(w, "failed: %v\n", err)
		}
	})
}
