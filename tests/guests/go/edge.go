package main

// What the edge does beside answering: it hands requests over, caches, counts and shields.

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/cache/core"
	"github.com/fastly/compute-sdk-go/cache/simple"
	"github.com/fastly/compute-sdk-go/erl"
	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/purge"
	"github.com/fastly/compute-sdk-go/shielding"
	"github.com/fastly/compute-sdk-go/x/exp/handoff"
)

func websocket(_ fsthttp.ResponseWriter, r *fsthttp.Request) error {
	return r.HandoffWebsocket("origin")
}

func fanout(_ fsthttp.ResponseWriter, r *fsthttp.Request) error {
	return r.HandoffFanout("origin")
}

// The same by the host calls that name no request, which the SDK's deprecated package still makes.

func oldWebsocket(_ fsthttp.ResponseWriter, r *fsthttp.Request) error {
	return handoff.Websocket(query(r, "backend", "origin"))
}

func oldFanout(_ fsthttp.ResponseWriter, r *fsthttp.Request) error {
	return handoff.Fanout(query(r, "backend", "origin"))
}

// found is what the core cache says of an object, as text.
func found(f *core.Found) (string, error) {
	metadata, err := f.UserMetadata()
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(f.Body)
	if err := first(err, f.Body.Close()); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, %s of %s old, stale for %s, %d bytes, hit %d, usable %t, stale %t, %s", body, f.Age, f.TTL,
		f.StaleWhileRevalidate, f.Length, f.Hits, f.Usable(), f.Stale(), metadata), nil
}

// coreCache inserts, reads, updates, replaces and purges one object of the core cache.
func coreCache(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	key := []byte("go")
	if _, err := core.Lookup(key, core.LookupOptions{}); !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("an object that is not there: %v", err)
	}
	options := core.WriteOptions{
		TTL:                  time.Minute,
		InitialAge:           10 * time.Second,
		StaleWhileRevalidate: time.Hour,
		SurrogateKeys:        []string{"one", "two"},
		Length:               4,
		UserMetadata:         []byte("blue"),
	}
	body, err := core.Insert(key, options)
	if err != nil {
		return err
	}
	_, err = io.WriteString(body, "core")
	if err := first(err, body.Close()); err != nil {
		return err
	}
	report := []string{}
	f, err := core.Lookup(key, core.LookupOptions{})
	if err != nil {
		return err
	}
	line, err := found(f)
	if err != nil {
		return err
	}
	report = append(report, line)
	for _, step := range []func() (string, error){
		func() (string, error) { return part(key) },
		func() (string, error) { return updated(key, options) },
		func() (string, error) { return cancelled(key) },
	} {
		line, err := step()
		if err != nil {
			return err
		}
		report = append(report, line)
	}
	if err := purge.PurgeSurrogateKey("two", purge.PurgeOptions{}); err != nil {
		return err
	}
	if _, err := core.Lookup(key, core.LookupOptions{}); !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("an object that was purged: %v", err)
	}
	return ok(w, "%s", strings.Join(report, "\n"))
}

// part reads the middle of the object.
func part(key []byte) (string, error) {
	f, err := core.Lookup(key, core.LookupOptions{From: 1, To: 2})
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(f.Body)
	return "part: " + string(body), err
}

// updated makes the object stale and fresh again, which only one transaction may.
func updated(key []byte, options core.WriteOptions) (string, error) {
	if err := purge.PurgeSurrogateKey("one", purge.PurgeOptions{Soft: true}); err != nil {
		return "", err
	}
	t, err := core.NewTransaction(key, core.LookupOptions{})
	if err != nil {
		return "", err
	}
	defer t.Close()
	f, err := t.Found()
	if err != nil {
		return "", err
	}
	stale, must := f.Stale(), t.MustInsertOrUpdate()
	options.InitialAge, options.UserMetadata = 0, []byte("green")
	if err := t.Update(options); err != nil {
		return "", err
	}
	again, err := core.Lookup(key, core.LookupOptions{})
	if err != nil {
		return "", err
	}
	line, err := found(again)
	return fmt.Sprintf("stale: %t, must update: %t, then %s", stale, must, line), err
}

// cancelled gives up inserting another object, and lets the next in line do it.
func cancelled(key []byte) (string, error) {
	other := append(key, " other"...)
	t, err := core.NewTransaction(other, core.LookupOptions{})
	if err != nil {
		return "", err
	}
	must := t.MustInsert()
	if err := first(t.Cancel(), t.Close()); err != nil {
		return "", err
	}
	t, err = core.NewTransaction(other, core.LookupOptions{})
	if err != nil {
		return "", err
	}
	defer t.Close()
	body, err := t.Insert(core.WriteOptions{TTL: time.Second})
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(body, "other")
	if err := first(err, body.Close()); err != nil {
		return "", err
	}
	f, err := core.Lookup(other, core.LookupOptions{})
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(f.Body)
	return fmt.Sprintf("cancelled: %t, then %s", must, content), err
}

// simpleCache: what is there is not made again, until it is purged.
func simpleCache(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	key, made := []byte("simple"), 0
	get := func() (string, error) {
		body, err := simple.GetOrSet(key, func() (simple.CacheEntry, error) {
			made++
			return simple.CacheEntry{Body: strings.NewReader(fmt.Sprintf("made %d", made)), TTL: time.Minute}, nil
		})
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(body)
		return string(text), first(err, body.Close())
	}
	one, err1 := get()
	two, err2 := get()
	err3 := simple.Purge(key, simple.PurgeOptions{Scope: simple.PurgeScopeGlobal})
	three, err4 := get()
	if err := first(err1, err2, err3, err4); err != nil {
		return err
	}
	return ok(w, "%s, %s, purged, %s", one, two, three)
}

func rate(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	counter, box := erl.OpenRateCounter("requests"), erl.OpenPenaltyBox("box")
	limiter := erl.NewRateLimiter(counter, box)
	policy := &erl.Policy{RateWindow: erl.RateWindow1s, MaxRate: 10, PenaltyBoxDuration: time.Minute}
	before, err1 := limiter.CheckRate("client", 2, policy)
	err2 := counter.Increment("client", 20)
	after, err3 := limiter.CheckRate("client", 1, policy)
	second, err4 := counter.LookupRate("client", erl.RateWindow1s)
	count, err5 := counter.LookupCount("client", erl.CounterDuration60s)
	inside, err6 := box.Has("client")
	err7 := box.Add("other", time.Minute)
	other, err8 := box.Has("other")
	nobody, err9 := box.Has("nobody")
	if err := first(err1, err2, err3, err4, err5, err6, err7, err8, err9); err != nil {
		return err
	}
	return ok(w, "blocked: %t then %t\nrate: %d, count: %d\nin the box: %t %t %t", before, after, second, count, inside,
		other, nobody)
}

func shield(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	if _, err := shielding.ShieldFromName("nowhere"); err == nil {
		return errors.New("a shield that is not there was found")
	}
	here, err1 := shielding.ShieldFromName("here-xx")
	there, err2 := shielding.ShieldFromName("there-xx")
	if err := first(err1, err2); err != nil {
		return err
	}
	err1 = same("running on here-xx", here.IsRunningOn(), true)
	err2 = same("running on there-xx", there.IsRunningOn(), false)
	if err := first(err1, err2); err != nil {
		return err
	}
	backend, err := there.Backend(&shielding.BackendOptions{})
	if err != nil {
		return err
	}
	response, err := ask("GET", "/shielded", backend, nil)
	if err != nil {
		return err
	}
	report, err := describe(response)
	if err != nil {
		return err
	}
	return ok(w, "%s", report)
}
