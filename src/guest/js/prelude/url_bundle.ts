// SPDX-License-Identifier: Apache-2.0

import { URL, URLSearchParams } from "whatwg-url";

host.web.provide({ URL, URLSearchParams });
