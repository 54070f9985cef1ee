// Command guests exercises the host through the Go SDK: the first segment of the path chooses a
// route. GET / lists them. What the host must offer is in tests/guests/fastly.toml.
package main

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

// A route answers by itself, or returns what went wrong.
type route func(w fsthttp.ResponseWriter, r *fsthttp.Request) error

var routes = map[string]route{
	"acl":             acl,
	"backend":         backend,
	"body-streaming":  bodyStreaming,
	"cached":          cached,
	"config-store":    configStore,
	"core-cache":      checkCaches,
	"device":          device,
	"dynamic-backend": dynamicBackend,
	"early-hints":     earlyHints,
	"echo":            echo,
	"env":             env,
	"error":           failOnPurpose,
	"exit":            exit,
	"fanout":          fanout,
	"geo":             geo,
	"goroutines":      goroutines,
	"hello":           hello,
	"kv-store":        kvStore,
	"log":             log,
	"loop":            spin,
	"panic":           panicOnPurpose,
	"parallel":        parallel,
	"proxy":           proxy,
	"proxy-log":       proxyLog,
	"rate":            rate,
	"recurse":         recurse,
	"secret-store":    secretStore,
	"send":            send,
	"send-error":      sendError,
	"shield":          shield,
	"sleep":           sleep,
	"stream":          stream,
	"wasi":            wasi,
	"websocket":       websocket,
}

func main() {
	fsthttp.ServeFunc(func(_ context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
		name := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")[0]
		if name == "" {
			list(w)
			return
		}
		run, found := routes[name]
		if !found {
			text(w, fsthttp.StatusNotFound, "there is no route "+name+"; GET / lists them")
			return
		}
		if err := run(w, r); err != nil {
			text(w, fsthttp.StatusInternalServerError, "failed: "+err.Error())
		}
	})
}

func list(w fsthttp.ResponseWriter) {
	names := make([]string, 0, len(routes))
	for name := range routes {
		names = append(names, "/"+name)
	}
	sort.Strings(names)
	text(w, fsthttp.StatusOK, strings.Join(names, "\n"))
}

func hello(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	_, err := fmt.Fprint(w, "Hello from Go!")
	return err
}

func text(w fsthttp.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(status)
	fmt.Fprintln(w, body)
}

// ok is how a route says that all its expectations held.
func ok(w fsthttp.ResponseWriter, format string, values ...any) error {
	text(w, fsthttp.StatusOK, "ok\n"+fmt.Sprintf(format, values...))
	return nil
}

// same is an error unless both are equal.
func same[T comparable](what string, is, wanted T) error {
	if is != wanted {
		return fmt.Errorf("%s: expected %#v, got %#v", what, wanted, is)
	}
	return nil
}

// first returns the first error among those given.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// query is a parameter of the request's URL, or what it is when it is not there.
func query(r *fsthttp.Request, name, otherwise string) string {
	if values := r.URL.Query(); values.Has(name) {
		return values.Get(name)
	}
	return otherwise
}
