// The forms that an answer can have.

export function json(value, status = 200) {
  return new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}

/** What went wrong, in words for a developer. */
export const problem = (status, words) => json({ error: words }, status);

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

export function page(banner) {
  const text = banner.replace(/[&<>]/g, (character) => escapes[character]);
  const body = `<!doctype html>\n<title>Shop</title>\n<h1>Shop</h1>\n<p class="banner">${text}</p>\n`;
  return new Response(body, { headers: { "content-type": "text/html; charset=utf-8" } });
}
