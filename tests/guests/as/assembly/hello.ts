// The smallest service that says something: what a new user's first guest looks like.

import { Fastly, Response } from "@fastly/as-compute";

Fastly.getClientRequest();
Fastly.respondWith(new Response(String.UTF8.encode("Hello from AssemblyScript!"), {}));
