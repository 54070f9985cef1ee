package main

// What the SDK's documentation promises of cache/core, cache/simple and of caching requests: /core-cache/CHECK,
// /simple-cache/CHECK; /cached sends through the cache.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/cache/core"
	"github.com/fastly/compute-sdk-go/cache/simple"
	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/purge"
)

func fill(w core.WriteCloseAbandoner, err error, text string) error {
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return err
	}
	return w.Close()
}

func put(key, text string, options core.WriteOptions) error {
	if options.TTL == 0 {
		options.TTL = time.Minute
	}
	w, err := core.Insert([]byte(key), options)
	return fill(w, err, text)
}

func is404(what string, err error) error {
	if !errors.Is(err, core.ErrNotFound) {
		return fmt.Errorf("%s: expected that it is not found, got %v", what, err)
	}
	return nil
}

func missing(key string) error {
	_, err := core.Lookup([]byte(key), core.LookupOptions{})
	return is404(key, err)
}

func holds(what string, body io.ReadCloser, text string) error {
	bytes, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return first(same(what, string(bytes), text), body.Close())
}

func checkMetadata() error {
	if err := missing("metadata"); err != nil {
		return err
	}
	longest := strings.Repeat("k", 4096)
	err := first(put(longest, "x", core.WriteOptions{}), put("metadata", "hello", core.WriteOptions{
		InitialAge: 10 * time.Second, StaleWhileRevalidate: 5 * time.Second, UserMetadata: []byte("mine"), SensitiveData: true,
	}))
	if err != nil {
		return err
	}
	if _, err := core.Lookup([]byte(longest), core.LookupOptions{}); err != nil {
		return fmt.Errorf("a key of 4096 bytes: %w", err)
	}
	time.Sleep(2 * time.Second)
	f, err := core.Lookup([]byte("metadata"), core.LookupOptions{})
	if err != nil {
		return err
	}
	mine, err := f.UserMetadata()
	return first(err, same("metadata", string(mine), "mine"), same("ttl", f.TTL, time.Minute),
		same("age", f.Age.Truncate(time.Second), 12*time.Second), same("swr", f.StaleWhileRevalidate, 5*time.Second),
		same("length", f.Length, 5), same("hits", f.Hits, 1), same("usable", f.Usable(), true),
		same("stale", f.Stale(), false), holds("body", f.Body, "hello"))
}

func checkRanges() error {
	if err := put("ranges", "hello", core.WriteOptions{}); err != nil {
		return err
	}
	f, err := core.Lookup([]byte("ranges"), core.LookupOptions{From: 1, To: 3})
	if err != nil {
		return err
	}
	if _, err := f.GetRange(1, 0); !errors.Is(err, core.ErrInvalidOperation) {
		return fmt.Errorf("a part while the body is open: %v", err)
	}
	if err := holds("a part", f.Body, "ell"); err != nil {
		return err
	}
	rest, err := f.GetRange(2, 0)
	if err := first(err, holds("the rest", rest, "llo")); err != nil {
		return err
	}
	if _, err := f.GetRange(3, 1); err == nil {
		return errors.New("a part may end before it begins")
	}
	whole, err := f.GetRange(1, 7)
	return first(err, holds("a part that it does not have", whole, "hello"))
}

func checkConcurrentRanges() error {
	w, err := core.Insert([]byte("concurrent"), core.WriteOptions{TTL: time.Minute})
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, "my cached object"); err != nil {
		return err
	}
	legacy, err := core.Lookup([]byte("concurrent"), core.LookupOptions{From: 3, To: 8, LegacyReturnWholeBody: true})
	if err != nil {
		return err
	}
	part, err := core.Lookup([]byte("concurrent"), core.LookupOptions{From: 3, To: 8})
	if err != nil {
		return err
	}
	return first(same("length", legacy.Length, 0), w.Close(), holds("as before 1.4.3", legacy.Body, "my cached object"),
		holds("the part", part.Body, "cached"))
}

func checkVary() error {
	header := func(tongue string) fsthttp.Header {
		h := fsthttp.NewHeader()
		h.Set("Accept-Language", tongue)
		return h
	}
	for _, tongue := range []string{"fr", "de"} {
		options := core.WriteOptions{RequestHeaders: header(tongue), Vary: []string{"Accept-Language"}}
		if err := put("vary", tongue, options); err != nil {
			return err
		}
	}
	for _, tongue := range []string{"fr", "de"} {
		f, err := core.Lookup([]byte("vary"), core.LookupOptions{RequestHeaders: header(tongue)})
		if err != nil {
			return err
		}
		if err := holds(tongue, f.Body, tongue); err != nil {
			return err
		}
	}
	_, err := core.Lookup([]byte("vary"), core.LookupOptions{RequestHeaders: header("en")})
	return is404("another language", err)
}

func checkTransactions() error {
	tx, err := core.NewTransaction([]byte("transactions"), core.LookupOptions{})
	if err != nil {
		return err
	}
	_, err = tx.Found()
	if err := first(is404("the first", err), same("must insert", tx.MustInsert(), true), tx.Cancel(), tx.Close()); err != nil {
		return err
	}
	tx, err = core.NewTransaction([]byte("transactions"), core.LookupOptions{})
	if err != nil {
		return err
	}
	if err := same("must insert, after one cancelled", tx.MustInsert(), true); err != nil {
		return err
	}
	if err := tx.Update(core.WriteOptions{TTL: time.Minute}); !errors.Is(err, core.ErrInvalidOperation) {
		return fmt.Errorf("updating nothing: %v", err)
	}
	headers := core.WriteOptions{TTL: time.Minute, RequestHeaders: fsthttp.NewHeader()}
	headers.RequestHeaders.Set("x", "y")
	if _, err := tx.Insert(headers); !errors.Is(err, core.ErrInvalidArgument) {
		return fmt.Errorf("headers of a transaction's insert: %v", err)
	}
	w, back, err := tx.InsertAndStreamBack(core.WriteOptions{TTL: 3 * time.Second, StaleWhileRevalidate: time.Minute})
	if err := first(err, fill(w, nil, "there and back"), holds("back", back.Body, "there and back"), tx.Close()); err != nil {
		return err
	}
	return checkRenewing()
}

func checkRenewing() error {
	time.Sleep(4 * time.Second)
	one, err := core.NewTransaction([]byte("transactions"), core.LookupOptions{})
	if err != nil {
		return err
	}
	other, err := core.NewTransaction([]byte("transactions"), core.LookupOptions{})
	if err != nil {
		return err
	}
	f, err := other.Found()
	if err != nil {
		return err
	}
	err = first(same("one is to update", one.MustInsertOrUpdate(), true), same("and not to insert", one.MustInsert(), false),
		same("the other is", other.MustInsertOrUpdate(), false), same("it has what is stale", f.Stale(), true),
		f.Body.Close(), other.Close(), one.Update(core.WriteOptions{TTL: time.Minute}), one.Close())
	if err != nil {
		return err
	}
	fresh, err := core.Lookup([]byte("transactions"), core.LookupOptions{})
	if err != nil {
		return err
	}
	err = first(same("stale", fresh.Stale(), false), same("swr, which was not said again", fresh.StaleWhileRevalidate, 0),
		holds("its body", fresh.Body, "there and back"))
	if err != nil {
		return err
	}
	again, err := core.NewTransaction([]byte("transactions"), core.LookupOptions{})
	if err != nil {
		return err
	}
	if err := again.Update(core.WriteOptions{TTL: time.Minute}); !errors.Is(err, core.ErrInvalidOperation) {
		return fmt.Errorf("updating what is fresh: %v", err)
	}
	return again.Close()
}

func checkAbandoning() error {
	w, err := core.Insert([]byte("abandoned"), core.WriteOptions{TTL: time.Minute})
	if err != nil {
		return err
	}
	f, err := core.Lookup([]byte("abandoned"), core.LookupOptions{})
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, "half"); err != nil {
		return err
	}
	if err := w.Abandon(); err != nil {
		return err
	}
	if _, err := io.ReadAll(f.Body); err == nil {
		return errors.New("the reader learns nothing")
	}
	return missing("abandoned")
}

func checkPurging() error {
	for _, name := range []string{"one", "two"} {
		if err := put(name, "x", core.WriteOptions{SurrogateKeys: []string{"key-" + name, "both"}}); err != nil {
			return err
		}
	}
	if err := first(purge.PurgeSurrogateKey("key-one", purge.PurgeOptions{}), missing("one")); err != nil {
		return err
	}
	if err := purge.PurgeSurrogateKey("both", purge.PurgeOptions{Soft: true}); err != nil {
		return err
	}
	f, err := core.Lookup([]byte("two"), core.LookupOptions{})
	if err != nil {
		return err
	}
	return first(same("stale", f.Stale(), true), same("usable", f.Usable(), true), f.Body.Close())
}

func checkSimple() error {
	key := []byte("simple")
	_, err := simple.Get(key)
	if err := is404("before", err); err != nil {
		return err
	}
	failed := errors.New("no")
	if _, err := simple.GetOrSet(key, func() (simple.CacheEntry, error) { return simple.CacheEntry{}, failed }); !errors.Is(err, failed) {
		return fmt.Errorf("an error of the function: %v", err)
	}
	for _, text := range []string{"first", "second"} {
		body, err := simple.GetOrSetEntry(key, simple.CacheEntry{Body: strings.NewReader(text), TTL: time.Minute})
		if err := first(err, holds("what is there", body, "first")); err != nil {
			return err
		}
	}
	body, err := simple.Get(key)
	if err := first(err, holds("what is got", body, "first")); err != nil {
		return err
	}
	for _, scope := range []simple.PurgeScope{simple.PurgeScopePOP, simple.PurgeScopeGlobal} {
		body, err := simple.GetOrSetEntry(key, simple.CacheEntry{Body: strings.NewReader("x"), TTL: time.Minute})
		if err := first(err, body.Close(), simple.Purge(key, simple.PurgeOptions{Scope: scope})); err != nil {
			return err
		}
		if _, err := simple.Get(key); !errors.Is(err, core.ErrNotFound) {
			return fmt.Errorf("purged, scope %d: %v", scope, err)
		}
	}
	return nil
}

var cacheChecks = map[string]func() error{
	"abandoning":        checkAbandoning,
	"concurrent-ranges": checkConcurrentRanges,
	"metadata":          checkMetadata,
	"purging":           checkPurging,
	"ranges":            checkRanges,
	"simple":            checkSimple,
	"transactions":      checkTransactions,
	"vary":              checkVary,
}

func checkCaches(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	name := strings.TrimPrefix(r.URL.Path, "/core-cache/")
	run, found := cacheChecks[name]
	if !found {
		return fmt.Errorf("there is no check %s", name)
	}
	if err := run(); err != nil {
		return err
	}
	return ok(w, "%s", name)
}

// cached sends a GET through the host's cache: ?path=, and ttl, swr, key, pass and override-key as its options.
func cached(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	request, err := fsthttp.NewRequest("GET", "http://origin.example"+query(r, "path", "/x"), nil)
	if err != nil {
		return err
	}
	seconds := func(name string) uint32 {
		n, _ := strconv.Atoi(query(r, name, "0"))
		return uint32(n)
	}
	request.CacheOptions = fsthttp.CacheOptions{
		Pass:                 query(r, "pass", "") != "",
		TTL:                  seconds("ttl"),
		StaleWhileRevalidate: seconds("swr"),
		SurrogateKey:         query(r, "key", ""),
		OverrideKey:          query(r, "override-key", ""),
	}
	response, err := request.Send(context.Background(), "origin")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	h := response.Header
	return ok(w, "%s %s %s %s", h.Get("X-Cache"), h.Get("X-Cache-Hits"), h.Get("Age"), text)
}
