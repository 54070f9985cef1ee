package main

// What the edge does beside answering and caching: it hands requests over, counts and shields.

import (
	"errors"
	"time"

	"github.com/fastly/compute-sdk-go/erl"
	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/shielding"
)

func websocket(_ fsthttp.ResponseWriter, r *fsthttp.Request) error {
	return r.HandoffWebsocket("origin")
}

func fanout(_ fsthttp.ResponseWriter, r *fsthttp.Request) error {
	return r.HandoffFanout("origin")
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
