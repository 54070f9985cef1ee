/// <reference types="@fastly/js-compute" />
// The guest that exercises the host through the JavaScript SDK: the first segment of the path chooses
// a route. `GET /` lists them. What the host must offer is in tests/guests/fastly.toml.

import * as caches from "./routes/caches.js";
import * as edge from "./routes/edge.js";
import * as failures from "./routes/failures.js";
import * as origins from "./routes/origins.js";
import * as platform from "./routes/platform.js";
import * as rates from "./routes/rates.js";
import * as stores from "./routes/stores.js";
import * as streams from "./routes/streams.js";
import { failure, text } from "./support.js";

const checked = {
  hello: () => new Response("Hello from JavaScript!"),
  ...platform.routes,
  ...caches.routes,
  ...edge.routes,
  ...origins.routes,
  ...rates.routes,
  ...stores.routes,
  ...streams.routes,
};
const routes = { ...checked, ...failures.routes };

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const [name] = url.pathname.slice(1).split("/");
  if (name === "") return event.respondWith(text(Object.keys(routes).map((route) => `/${route}`).join("\n")));
  if (!Object.hasOwn(routes, name)) {
    return event.respondWith(text(`there is no route ${name}; GET / lists them`, { status: 404 }));
  }
  // A route that answers by itself returns nothing. What goes wrong in the routes that fail on purpose is
  // for the runtime to see.
  const answer = routes[name](event, url);
  if (answer) event.respondWith(Object.hasOwn(checked, name) ? Promise.resolve(answer).catch(failure) : answer);
});
