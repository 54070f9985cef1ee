// SPDX-License-Identifier: Apache-2.0

import { URLPattern } from "urlpattern-polyfill/urlpattern";

host.web.provide({ URLPattern });
