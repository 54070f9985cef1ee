/* SPDX-License-Identifier: Apache-2.0 */
/* An AVL tree whose nodes are counted; a node with one owner all the way up is changed in place. */
#include "base/pmap.h"

#include "base/mem.h"

struct pmap_node {
	struct rc rc;
	struct pmap_node *left, *right;
	struct blob *key;
	struct rc *value;
	size_t count;
	int height;
};

static void node_destroy(struct rc *r)
{
	struct pmap_node *n = (struct pmap_node *)r;
	if (n->left)
		rc_unref(&n->left->rc);
	if (n->right)
		rc_unref(&n->right->rc);
	blob_unref(&n->key);
	rc_unref(n->value);
	mem_free(n);
}

static struct pmap_node *node_ref(struct pmap_node *n)
{
	if (n)
		rc_ref(&n->rc);
	return n;
}

static int height(const struct pmap_node *n)
{
	return n ? n->height : 0;
}

static size_t count(const struct pmap_node *n)
{
	return n ? n->count : 0;
}

static void update(struct pmap_node *n)
{
	n->height = 1 + MAX(height(n->left), height(n->right));
	n->count = 1 + count(n->left) + count(n->right);
}

/* Consumes one reference to `n`, returns a node that nobody else holds. */
static struct pmap_node *own(struct pmap_node *n)
{
	if (n->rc.refs == 1)
		return n;
	struct pmap_node *copy = NEW(struct pmap_node);
	rc_init(&copy->rc, node_destroy);
	copy->left = node_ref(n->left);
	copy->right = node_ref(n->right);
	rc_ref(&n->key->rc);
	copy->key = n->key;
	copy->value = rc_ref(n->value);
	copy->count = n->count;
	copy->height = n->height;
	rc_unref(&n->rc);
	return copy;
}

static struct pmap_node *rotate_right(struct pmap_node *n)
{
	struct pmap_node *l = own(n->left);
	n->left = l->right;
	l->right = n;
	update(n);
	update(l);
	return l;
}

static struct pmap_node *rotate_left(struct pmap_node *n)
{
	struct pmap_node *r = own(n->right);
	n->right = r->left;
	r->left = n;
	update(n);
	update(r);
	return r;
}

/* `n` is owned and its children are balanced; so is what comes back. */
static struct pmap_node *balance(struct pmap_node *n)
{
	int lean = height(n->left) - height(n->right);
	update(n);
	if (lean > 1) {
		if (height(n->left->left) < height(n->left->right))
			n->left = rotate_left(own(n->left));
		return rotate_right(n);
	}
	if (lean < -1) {
		if (height(n->right->right) < height(n->right->left))
			n->right = rotate_right(own(n->right));
		return rotate_left(n);
	}
	return n;
}

static struct pmap_node *put(struct pmap_node *n, struct str key, struct rc *value)
{
	if (!n) {
		n = NEW(struct pmap_node);
		rc_init(&n->rc, node_destroy);
		n->key = blob_new(key);
		n->value = value;
		update(n);
		return n;
	}
	n = own(n);
	int order = str_cmp(key, blob_str(n->key));
	if (order < 0) {
		n->left = put(n->left, key, value);
	} else if (order > 0) {
		n->right = put(n->right, key, value);
	} else {
		rc_unref(n->value);
		n->value = value;
		return n;
	}
	return balance(n);
}

/* Takes the smallest node out of `n`; it comes back in `*out`, owned and without children. */
static struct pmap_node *take_first(struct pmap_node *n, struct pmap_node **out)
{
	n = own(n);
	if (!n->left) {
		struct pmap_node *right = n->right;
		n->right = NULL;
		*out = n;
		return right;
	}
	n->left = take_first(n->left, out);
	return balance(n);
}

static struct pmap_node *remove_key(struct pmap_node *n, struct str key) /* the key is there */
{
	n = own(n);
	int order = str_cmp(key, blob_str(n->key));
	if (order < 0) {
		n->left = remove_key(n->left, key);
	} else if (order > 0) {
		n->right = remove_key(n->right, key);
	} else {
		struct pmap_node *left = n->left, *right = n->right, *first = NULL;
		n->left = n->right = NULL;
		rc_unref(&n->rc);
		if (!right)
			return left;
		right = take_first(right, &first);
		first->left = left;
		first->right = right;
		n = first;
	}
	return balance(n);
}

void pmap_fini(struct pmap *m)
{
	if (m->root)
		rc_unref(&m->root->rc);
	m->root = NULL;
}

struct pmap pmap_copy(const struct pmap *m)
{
	return (struct pmap){ node_ref(m->root) };
}

size_t pmap_count(const struct pmap *m)
{
	return count(m->root);
}

struct rc *pmap_get(const struct pmap *m, struct str key)
{
	const struct pmap_node *n = m->root;
	while (n) {
		int order = str_cmp(key, blob_str(n->key));
		if (order == 0)
			return n->value;
		n = order < 0 ? n->left : n->right;
	}
	return NULL;
}

void pmap_put(struct pmap *m, struct str key, struct rc *value)
{
	m->root = put(m->root, key, value);
}

bool pmap_remove(struct pmap *m, struct str key)
{
	if (!pmap_get(m, key))
		return false;
	m->root = remove_key(m->root, key);
	return true;
}

bool pmap_next(const struct pmap *m, struct str key, bool or_equal, struct str *key_out,
	       struct rc **value_out)
{
	const struct pmap_node *found = NULL;
	for (const struct pmap_node *n = m->root; n;) {
		int order = str_cmp(key, blob_str(n->key));
		if (order < 0 || (order == 0 && or_equal)) {
			found = n;
			n = n->left;
		} else {
			n = n->right;
		}
	}
	if (!found)
		return false;
	*key_out = blob_str(found->key);
	*value_out = found->value;
	return true;
}

bool pmap_each(const struct pmap *m, struct pmap_entry *e)
{
	bool first = !e->started;
	e->started = true;
	return pmap_next(m, e->key, first, &e->key, &e->value);
}
