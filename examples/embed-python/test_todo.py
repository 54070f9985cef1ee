"""Tests of a whole service, in Python: a GraphQL cache in front of an origin that a function of this file is.

Run them with `python3 -m unittest`. README.md says where the service and the library come from.
"""

import json
import os
import unittest

from backlot import Answer, BacklotError, Service

HERE = os.path.dirname(os.path.abspath(__file__))
WASM = os.environ.get("BACKLOT_TODO_WASM") or os.path.join(HERE, "../../build/guests/rust-todo.wasm")

QUERY = {"query": "query { todos { id title __typename } }"}
MUTATION = {"query": "mutation { deleteTodo(id: 1) { id } }"}
TODOS = {"data": {"todos": [{"id": "1", "title": "title1", "__typename": "Todo"},
                            {"id": "2", "title": "title2", "__typename": "Todo"}]}}
DELETED = {"data": {"deleteTodo": {"id": "1", "__typename": "Todo"}}}


def as_json(document):
    return Answer(200, json.dumps(document).encode(), {"content-type": "application/json"})


class Todo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base = Service(WASM).world()
        cls.base.backend("todos", "https://todos.example")

    def setUp(self):
        self.world = self.base.fork()  # gone with the test, and all that it did to it
        self.calls = []

    def gql(self, document, origin=None):
        """One GraphQL request. Without an origin, none may be asked."""
        if origin:
            self.world.origin("todos", lambda call: self.calls.append(call) or origin)
        response = self.world.fetch("POST", "/graphql", json.dumps(document).encode())
        response.check()
        return response

    def test_the_fancy_test(self):
        response = self.gql(QUERY, as_json(TODOS))
        self.assertEqual((response.json(), response.header("x-cache")), (TODOS, "MISS"))
        self.assertEqual(json.loads(self.calls[0].body), QUERY)

        # The cache is carried from one request to the next, and can be looked into.
        response = self.gql(QUERY)
        self.assertEqual((response.json(), response.header("x-cache")), (TODOS, "HIT"))
        self.assertEqual(len(self.calls), 1)
        self.assertEqual([item["surrogate_keys"] for item in self.world.cached()], [["todos"]])

        # Each response has its own logs. The service logs what is to be purged, and the test does it.
        response = self.gql(MUTATION, as_json(DELETED))
        self.assertEqual(response.logs_json("access"), [{"operation": "mutation", "status": 200}])
        for line in response.logs_json("purges"):
            for key in line["purge"]:
                self.assertEqual(self.world.purge(key), 1)

        response = self.gql(QUERY, as_json(TODOS))
        self.assertEqual(response.header("x-cache"), "MISS")
        self.assertEqual(len(self.calls), 3)

    def test_no_test_sees_another(self):
        self.assertEqual(self.world.cached(), [])

    def test_what_is_cached_grows_old(self):
        self.gql(QUERY, as_json(TODOS))
        self.world.advance(59)
        self.assertEqual(self.gql(QUERY).header("x-cache"), "HIT")
        self.world.advance(2)
        self.assertEqual(self.gql(QUERY, as_json(TODOS)).header("x-cache"), "MISS")

    def test_an_origin_may_fail(self):
        self.world.origin("todos", lambda call: Answer(fault="connection_refused"))
        response = self.world.fetch("POST", "/graphql", json.dumps(QUERY).encode())
        self.assertEqual(response.status, 502)
        self.assertEqual(len(response.logs("errors")), 1)

    def test_an_origin_that_nobody_is_fails_the_test(self):
        with self.assertRaisesRegex(BacklotError, "/graphql"):
            self.gql(QUERY)

    def test_a_panic_behind_the_response_is_seen(self):
        response = self.world.fetch("GET", "/late")
        self.assertEqual((response.status, response.body), (200, b"all is well\n"))
        with self.assertRaisesRegex(BacklotError, "crashed after its response"):
            response.check()

    def test_backends_that_the_service_registers_are_seen(self):
        seen = []
        self.world.on_register(lambda name, url: seen.append((name, url)) or "forbidden" not in url)
        self.world.origin("https://dynamic.example", lambda call: Answer(204))
        self.assertEqual(self.world.fetch("GET", "/dynamic?host=dynamic.example").status, 204)
        self.assertEqual(seen, [("registered", "https://dynamic.example:443")])
        self.assertEqual(self.world.fetch("GET", "/dynamic?host=forbidden.example").status, 403)

    def test_everything_that_happened_is_in_the_trace(self):
        response = self.gql(QUERY, as_json(TODOS))
        types = [event["type"] for event in response.trace()]
        self.assertIn("fetch", types)
        self.assertEqual(types.count("log"), 1)


if __name__ == "__main__":
    unittest.main()
