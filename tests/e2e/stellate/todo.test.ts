// SPDX-License-Identifier: Apache-2.0
// What Stellate changed Viceroy for, and wrote about: a test a change. README.md lists them.

import { cache, clock, describe, expect, it, origin, service } from "backlot:test";

const query = { query: "query { todos { id title __typename } }" };
const mutation = { query: "mutation { deleteTodo(id: 1) { id } }" };
const todos = { data: { todos: [{ id: "1", title: "title1", __typename: "Todo" }] } };
const deleted = { data: { deleteTodo: { id: "1", __typename: "Todo" } } };

const gql = (document: object) => service.fetch("/graphql", { method: "POST", body: JSON.stringify(document) });

it("1. log endpoints are read from a buffer, each invocation's on its own", async () => {
  origin("todos").respond({ json: todos });
  const first = await gql(query);
  const second = await gql(query);
  expect(first.logs("access")).toHaveLength(1);
  expect(first.logs("access").text()).toContain('"MISS"');
  expect(second.logs("access").text()).toContain('"HIT"');
  expect(second.logs("purges")).toEqual([]);
});

it("2. log messages are JSON to make assertions on", async () => {
  origin("todos").respond({ json: deleted });
  const response = await gql(mutation);
  expect(response.logs("access").json()).toEqual([{ operation: "mutation", status: 200 }]);
  expect(response.logs("purges").json()).toEqual([{ purge: ["todos"] }]);
});

it("3. an origin is a function in memory, to which the request is given", async () => {
  const seen: unknown[] = [];
  origin("todos").handle(async (request) => {
    seen.push([request.method, request.url, request.headers.get("content-type"), await request.json()]);
    return Response.json(todos);
  });
  expect(await (await gql(query)).json()).toEqual(todos);
  expect(seen).toEqual([["POST", "https://todos.example/graphql", "application/json", query]]);
});

it("4. an origin's answer may be as faulty as one likes", async () => {
  origin("todos").respond({ status: 500, body: "broken" });
  expect((await gql(query)).status).toBe(500);
  expect(cache.list()).toEqual([]);
  origin("todos").fail("refuse");
  const response = await gql(query);
  expect(response.status).toBe(502);
  expect(response.logs("errors")).toHaveLength(1);
});

it("5. the registration of a dynamic backend is seen", async () => {
  origin("https://new.example/*").respond("from the new one");
  const response = await service.fetch("/dynamic?host=new.example");
  expect(response.trace).toContainEqual(expect.objectContaining({ type: "backend-register", name: "registered", target: "new.example" }));
});

it("6. what is sent to a dynamic backend is answered in memory", async () => {
  const rule = origin("https://new.example/*").respond("from the new one").expect(1);
  const response = await service.fetch("/dynamic?host=new.example");
  expect(await response.text()).toBe("from the new one");
  expect(rule.calls[0]!.url).toBe("https://new.example/");
});

it("7. the cache keeps its state from one invocation to the next", async () => {
  const rule = origin("todos").respond({ json: todos }).expect(1);
  expect((await gql(query)).headers.get("x-cache")).toMatch(/MISS$/);
  const again = await gql(query);
  expect(again.headers.get("x-cache")).toBe("HIT");
  expect(await again.json()).toEqual(todos);
  expect(rule.calls).toHaveLength(1);
});

it("8. the cache is looked into, filled and aged between invocations", async () => {
  origin("todos").respond({ json: todos });
  await gql(query);
  const entry = cache.get(query.query)!;
  expect(entry.json()).toEqual(todos);
  expect(entry.surrogateKeys).toEqual(["todos"]);
  await cache.insert(query.query, '{"data":"ours"}', { ttl: "1m" });
  expect(await (await gql(query)).json()).toEqual({ data: "ours" });
  await clock.advance("61s");
  expect((await gql(query)).headers.get("x-cache")).toMatch(/MISS$/);
});

it("9. a purge is simulated: what the service says is to go, goes", async () => {
  const rule = origin("todos").respond({ json: todos }, { json: deleted }, { json: todos });
  await gql(query);
  const response = await gql(mutation);
  for (const { purge } of response.logs("purges").json() as { purge: string[] }[])
    for (const key of purge) expect(cache.purge(key)).toBe(1);
  expect((await gql(query)).headers.get("x-cache")).toMatch(/MISS$/);
  expect(rule.calls).toHaveLength(3);
});

it("10. what goes wrong behind the response is waited for and told", async () => {
  const response = await service.fetch("/late");
  expect(response.status).toBe(200);
  await expect(Promise.all([response.text(), response.done()])).rejects.toThrow();
});

describe("11. tests share nothing, and cost next to nothing", () => {
  it.each(Array.from({ length: 200 }, (_, i) => i))("number %i: four invocations from an empty cache", async (i) => {
    expect(cache.list()).toEqual([]);
    origin("todos").respond({ json: todos }, { json: deleted }, { json: { data: i } });
    expect((await gql(query)).headers.get("x-cache")).toMatch(/MISS$/);
    expect((await gql(query)).headers.get("x-cache")).toBe("HIT");
    await gql(mutation);
    cache.purge("todos");
    expect(await (await gql(query)).json()).toEqual({ data: i });
  });
});
