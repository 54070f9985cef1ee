package main

// What the platform tells: the request, the environment, time, randomness, logs, facts about addresses
// and devices.

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"

	sdkacl "github.com/fastly/compute-sdk-go/acl"
	"github.com/fastly/compute-sdk-go/compute"
	sdkdevice "github.com/fastly/compute-sdk-go/device"
	"github.com/fastly/compute-sdk-go/fsthttp"
	sdkgeo "github.com/fastly/compute-sdk-go/geo"
	"github.com/fastly/compute-sdk-go/rtlog"
)

func writeJSON(w fsthttp.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(body)
	return err
}

func echo(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	names := r.Header.Keys()
	sort.Strings(names)
	headers := [][2]string{}
	for _, name := range names {
		for _, value := range r.Header.Values(name) {
			headers = append(headers, [2]string{name, value})
		}
	}
	status, err := strconv.Atoi(query(r, "status", "200"))
	if err != nil {
		return err
	}
	if name, value, found := strings.Cut(query(r, "header", ""), ":"); found {
		w.Header().Add(name, value)
	}
	return writeJSON(w, status, map[string]any{
		"method":    r.Method,
		"uri":       r.URL.String(),
		"version":   r.Proto,
		"headers":   headers,
		"body":      string(body),
		"client_ip": r.RemoteAddr,
		"server_ip": r.ServerAddr,
	})
}

func env(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	values := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	return writeJSON(w, fsthttp.StatusOK, map[string]any{"env": values, "args": os.Args})
}

func geo(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	ip := query(r, "ip", "192.0.2.1")
	found, err := sdkgeo.Lookup(net.ParseIP(ip))
	if err != nil {
		return err
	}
	return ok(w, "%s: %s, %s (%s)\nas: %d %s", ip, found.City, found.CountryName, found.CountryCode,
		found.AsNumber, found.AsName)
}

func device(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	agent := query(r, "ua", "test-phone/1.0")
	found, err := sdkdevice.Lookup(agent)
	if errors.Is(err, sdkdevice.ErrDeviceNotFound) {
		return ok(w, "%s: none", agent)
	}
	if err != nil {
		return err
	}
	return ok(w, "%s: %s by %s\nmobile: %t\ndesktop: %t", agent, found.Name(), found.Brand(),
		found.IsMobile(), found.IsDesktop())
}

func acl(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	if _, err := sdkacl.Open("no-such-list"); !errors.Is(err, sdkacl.ErrNotFound) {
		return fmt.Errorf("a list that is not there: %v", err)
	}
	list, err := sdkacl.Open("blocklist")
	if err != nil {
		return err
	}
	action := func(ip string) string {
		found, err := list.Lookup(net.ParseIP(ip))
		if err != nil {
			return err.Error()
		}
		return strings.TrimSpace(found.Action + " " + found.Prefix)
	}
	if err := first(
		same("192.0.2.1", action("192.0.2.1"), "ALLOW 192.0.2.1/32"),
		same("192.0.2.2", action("192.0.2.2"), "BLOCK 192.0.2.0/24"),
	); err != nil {
		return err
	}
	ip := query(r, "ip", "192.0.2.1")
	return ok(w, "%s: %s", ip, action(ip))
}

func log(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	one, two := rtlog.Open("first"), rtlog.Open("second")
	fmt.Fprint(one, "one")
	fmt.Fprint(two, "two")
	fmt.Fprintln(one, "three")
	fmt.Fprint(one, "two\nlines")
	if err := json.NewEncoder(one).Encode(map[string]string{"level": "info", "text": `æøå "quoted"`}); err != nil {
		return err
	}
	fmt.Fprint(rtlog.Open("large"), strings.Repeat("x", 20_000))
	fmt.Fprintln(os.Stdout, "a line on stdout")
	fmt.Fprintln(os.Stderr, "a line on stderr")
	return ok(w, "first second large")
}

func earlyHints(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	for _, link := range []string{"</one.css>; rel=preload; as=style", "</two.js>; rel=preload; as=script"} {
		w.Header().Set("Link", link)
		w.WriteHeader(fsthttp.StatusEarlyHints)
	}
	w.Header().Del("Link")
	return ok(w, "after two hints")
}

func sleep(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	milliseconds, err := strconv.Atoi(query(r, "ms", "1000"))
	if err != nil {
		return err
	}
	wanted := time.Duration(milliseconds) * time.Millisecond
	begun := time.Now()
	time.Sleep(wanted)
	if passed := time.Since(begun); passed < wanted {
		return fmt.Errorf("slept for %v instead of %v", passed, wanted)
	}
	return ok(w, "slept for %v", wanted)
}

// goroutines lets ten of them sleep for different times: the runtime's timers, and the host's
// poll_oneoff under them.
func goroutines(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	done := make(chan int)
	for i := range 10 {
		go func() {
			time.Sleep(time.Duration(10-i) * 20 * time.Millisecond)
			done <- i
		}()
	}
	var order []string
	for range 10 {
		order = append(order, strconv.Itoa(<-done))
	}
	return ok(w, "%s", strings.Join(order, " "))
}

func wasi(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	now := time.Now()
	if now.Year() < 2000 {
		return fmt.Errorf("the clock says %v", now)
	}
	bytes := make([]byte, 16)
	if _, err := rand.Read(bytes); err != nil {
		return err
	}
	if _, err := os.ReadFile("/etc/passwd"); err == nil {
		return errors.New("a file of the host can be read")
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil || len(input) > 0 {
		return fmt.Errorf("stdin has %d bytes: %w", len(input), err)
	}
	heap, err := compute.GetHeapMiB()
	if err != nil || heap == 0 {
		return fmt.Errorf("a heap of %d MiB: %w", heap, err)
	}
	if _, err := compute.GetVCPUTime(); err != nil {
		return err
	}
	return ok(w, "time: %d\nrandom: %s", now.UnixMilli(), hex.EncodeToString(bytes))
}
