package main

// Config, secret and key-value stores.

import (
	"errors"
	"fmt"
	"strings"

	"github.com/fastly/compute-sdk-go/configstore"
	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/kvstore"
	"github.com/fastly/compute-sdk-go/secretstore"
)

func configStore(w fsthttp.ResponseWriter, r *fsthttp.Request) error {
	if _, err := configstore.Open("no-such-store"); !errors.Is(err, configstore.ErrStoreNotFound) {
		return fmt.Errorf("a store that is not there: %v", err)
	}
	store, err := configstore.Open("config")
	if err != nil {
		return err
	}
	greeting, err := store.Get("greeting")
	if err := first(err, same("greeting", greeting, "hello")); err != nil {
		return err
	}
	if _, err := store.Get("missing"); !errors.Is(err, configstore.ErrKeyNotFound) {
		return fmt.Errorf("a key that is not there: %v", err)
	}
	key := query(r, "key", "greeting")
	value, err := store.Get(key)
	if err != nil {
		return err
	}
	return ok(w, "%s: %q", key, value)
}

func secretStore(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	if _, err := secretstore.Open("no-such-store"); !errors.Is(err, secretstore.ErrSecretStoreNotFound) {
		return fmt.Errorf("a store that is not there: %v", err)
	}
	store, err := secretstore.Open("secrets")
	if err != nil {
		return err
	}
	secret, err := store.Get("token")
	if err != nil {
		return err
	}
	token, err := secret.Plaintext()
	if err := first(err, same("token", string(token), "s3cr3t")); err != nil {
		return err
	}
	if _, err := store.Get("missing"); !errors.Is(err, secretstore.ErrSecretNotFound) {
		return fmt.Errorf("a secret that is not there: %v", err)
	}
	made, err := secretstore.SecretFromBytes([]byte("made"))
	if err != nil {
		return err
	}
	back, err := made.Plaintext()
	if err := first(err, same("a made secret", string(back), "made")); err != nil {
		return err
	}
	return ok(w, "token: %d bytes", len(token))
}

func kvStore(w fsthttp.ResponseWriter, _ *fsthttp.Request) error {
	if _, err := kvstore.Open("no-such-store"); !errors.Is(err, kvstore.ErrStoreNotFound) {
		return fmt.Errorf("a store that is not there: %v", err)
	}
	store, err := kvstore.Open("things")
	if err != nil {
		return err
	}
	if err := is(store, "existing", "old value"); err != nil {
		return err
	}
	old, err := keys(store, &kvstore.ListConfig{Prefix: "go/"})
	if err != nil {
		return err
	}
	for _, key := range old {
		if err := store.Delete(key); err != nil {
			return err
		}
	}
	if _, err := store.Lookup("go/absent"); !errors.Is(err, kvstore.ErrKeyNotFound) {
		return fmt.Errorf("a key that is not there: %v", err)
	}

	insert := func(mode kvstore.InsertMode, value string) error {
		config := &kvstore.InsertConfig{Mode: mode, Metadata: []byte("a note"), TTLSec: 3600}
		return store.InsertWithConfig("go/modes", strings.NewReader(value), config)
	}
	if err := insert(kvstore.InsertModeAdd, "b"); err != nil {
		return fmt.Errorf("add to nothing: %w", err)
	}
	if err := insert(kvstore.InsertModeAdd, "z"); !errors.Is(err, kvstore.ErrPreconditionFailed) {
		return fmt.Errorf("add to something: %v", err)
	}
	if err := first(
		insert(kvstore.InsertModeAppend, "c"),
		insert(kvstore.InsertModePrepend, "a"),
		is(store, "go/modes", "abc"),
	); err != nil {
		return err
	}
	entry, err := store.Lookup("go/modes")
	if err := first(err, same("metadata", string(entry.Meta()), "a note")); err != nil {
		return err
	}

	for i := range 5 {
		if err := store.Insert(fmt.Sprintf("go/list/%d", i), strings.NewReader("x")); err != nil {
			return err
		}
	}
	// Two a page, so that the cursor is needed.
	all, err := keys(store, &kvstore.ListConfig{Prefix: "go/list/", Limit: 2})
	joined := strings.Join(all, " ")
	if err := first(err, same("the list", joined, "go/list/0 go/list/1 go/list/2 go/list/3 go/list/4")); err != nil {
		return err
	}
	if err := store.Delete("go/list/0"); err != nil {
		return err
	}
	if _, err := store.Lookup("go/list/0"); !errors.Is(err, kvstore.ErrKeyNotFound) {
		return fmt.Errorf("a deleted key: %v", err)
	}
	return ok(w, "keys: %s", joined)
}

func is(store *kvstore.Store, key, wanted string) error {
	entry, err := store.Lookup(key)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return same(key, entry.String(), wanted)
}

func keys(store *kvstore.Store, config *kvstore.ListConfig) ([]string, error) {
	var all []string
	pages := store.List(config)
	for pages.Next() {
		all = append(all, pages.Page().Data...)
	}
	return all, pages.Err()
}
