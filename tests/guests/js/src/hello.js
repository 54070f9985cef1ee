/// <reference types="@fastly/js-compute" />
// The smallest service that says something: what a new user's first guest looks like.

addEventListener("fetch", (event) => event.respondWith(new Response("Hello from JavaScript!")));
