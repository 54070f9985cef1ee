package main

// How a guest can end badly, one way a route.

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

func panicOnPurpose(_ fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	panic("this guest panics on purpose")
}

func failOnPurpose(_ fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	return errors.New("this guest fails on purpose")
}

// exit ends with the N of /exit/N and without a response.
func exit(_ fsthttp.ResponseWriter, r *fsthttp.Request) error {
	code, err := strconv.Atoi(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:])
	if err != nil {
		return err
	}
	os.Exit(code)
	return nil
}

func spin(_ fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	for count := 0; ; count++ {
		if count < 0 {
			return errors.New("counted beyond the largest number")
		}
	}
}

func recurse(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	return ok(w, "%d", deeper(0))
}

//go:noinline
func deeper(depth int) int {
	var frame [64]int
	frame[depth%64] = deeper(depth + 1)
	return frame[depth%64] + 1
}
