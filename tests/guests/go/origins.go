package main

// Requests to backends, and bodies that stream.

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/rtlog"
)

func ask(method, path, backend string, body io.Reader) (*fsthttp.Response, error) {
	request, err := fsthttp.NewRequest(method, "http://origin.example"+path, body)
	if err != nil {
		return nil, err
	}
	request.CacheOptions.Pass = true
	request.Header.Set("X-Guest", "go")
	return request.Send(context.Background(), backend)
}

// describe is what came back, for the test to compare with what its origin said.
func describe(response *fsthttp.Response) (string, error) {
	body, err := io.ReadAll(response.Body)
	kind := response.Header.Get("Content-Type")
	return fmt.Sprintf("status: %d\ncontent-type: %s\nbody: %s", response.StatusCode, kind, body), err
}

func send(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	response, err := ask(query(r, "method", "POST"), query(r, "path", "/send"), "origin", r.Body)
	if err != nil {
		return err
	}
	report, err := describe(response)
	if err != nil {
		return err
	}
	return ok(w, "%s", report)
}

// parallel sends two requests from two goroutines, which the SDK does by polling both.
func parallel(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	type result struct {
		name, report string
		err          error
	}
	results := make(chan result)
	for path, backend := range map[string]string{"/slow": "origin", "/fast": "other"} {
		go func() {
			response, err := ask("GET", path, backend, nil)
			if err != nil {
				results <- result{path, "", err}
				return
			}
			report, err := describe(response)
			results <- result{path, report, err}
		}()
	}
	var order, reports []string
	for range 2 {
		one := <-results
		if one.err != nil {
			return one.err
		}
		order = append(order, one.name)
		reports = append(reports, one.report)
	}
	return ok(w, "%s\n%s", strings.Join(order, " then "), strings.Join(reports, "\n"))
}

func sendError(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	var report []string
	for _, backend := range []string{"nowhere", "refused"} {
		response, err := ask("GET", "/", backend, nil)
		if err == nil {
			return fmt.Errorf("%s answered %d", backend, response.StatusCode)
		}
		report = append(report, fmt.Sprintf("%s: %v", backend, err))
	}
	return ok(w, "%s", strings.Join(report, "\n"))
}

func backend(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	name := query(r, "name", "origin")
	backend, err := fsthttp.BackendFromName(name)
	if err != nil {
		return err
	}
	health, err := backend.Health()
	if err != nil {
		return err
	}
	return writeJSON(w, fsthttp.StatusOK, map[string]any{
		"name":          backend.Name(),
		"dynamic":       backend.IsDynamic(),
		"target":        backend.Target(),
		"ssl":           backend.IsSSL(),
		"health":        health,
		"host_override": backend.HostOverride(),
	})
}

// dynamicBackend makes a backend that points where `origin` points, and sends through it.
func dynamicBackend(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	// The SDK does not tell a backend's port, so the test may.
	target := query(r, "target", "127.0.0.1:8081")
	options := fsthttp.NewBackendOptions().
		HostOverride("made.example").
		ConnectTimeout(1 * time.Second).
		FirstByteTimeout(2 * time.Second).
		BetweenBytesTimeout(3 * time.Second).
		UseSSL(false)
	made, err := fsthttp.RegisterDynamicBackend("made", target, options)
	if err != nil {
		return err
	}
	if err := same("it is dynamic", made.IsDynamic(), true); err != nil {
		return err
	}
	response, err := ask("GET", "/dynamic", made.Name(), nil)
	if err != nil {
		return err
	}
	report, err := describe(response)
	if err != nil {
		return err
	}
	return ok(w, "%s", report)
}

// forward sends the whole request to origin, and its response back.
func forward(w fsthttp.ResponseWriter, r *fsthttp.Request) int {
	request := r.Clone()
	request.Body = r.Body
	request.CacheOptions.Pass = true
	response, err := request.Send(context.Background(), "origin")
	if err != nil {
		text(w, fsthttp.StatusBadGateway, err.Error())
		return fsthttp.StatusBadGateway
	}
	w.Header().Reset(response.Header.Clone())
	w.WriteHeader(response.StatusCode)
	w.Append(response.Body)
	return response.StatusCode
}

func proxy(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	forward(w, r)
	return nil
}

// proxyLog adds one line of JSON: what the benchmarks run.
func proxyLog(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	status := forward(w, r)
	line, err := json.Marshal(struct {
		Method string `json:"method"`
		Path   string `json:"path"`
		Status int    `json:"status"`
	}{r.Method, r.URL.Path, status})
	if err != nil {
		return err
	}
	_, err = rtlog.Open("access").Write(line)
	return err
}

// stream writes ?lines=N lines (1000 unless given), and a trailer behind them.
func stream(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	lines, err := strconv.Atoi(query(r, "lines", "1000"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Trailer", "X-Lines")
	w.WriteHeader(fsthttp.StatusOK)
	for i := range lines {
		if _, err := fmt.Fprintf(w, "line %d\n", i); err != nil {
			fmt.Fprintf(rtlog.Open("stream"), "stopped at line %d", i)
			return nil
		}
	}
	w.Header().Set("X-Lines", strconv.Itoa(lines))
	return nil
}

func bodyStreaming(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	bytes, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return err
	}
	return ok(w, "bytes: %d", bytes)
}
