// What a user of this server reads: a plain page, with the words of posts and nothing of their markup.

/** The page of a user by name, or null. */
export function userPage(books, origin, path) {
  const name = /^\/@([a-z0-9]+)$/.exec(path)?.[1];
  const user = books.users.get(name);
  if (!user) return null;
  const posts = [...user.timeline.values()].reverse().map(
    (post) => `<article><p><small>${plain(post.author)} · ${plain(post.published ?? "")}</small></p>` +
      `<p>${plain(withoutMarkup(post.content ?? ""))}</p></article><hr>`,
  );
  const handle = `@${user.name}@${new URL(origin).host}`;
  return (
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>${plain(handle)}</title>` +
    `<body><h1>${plain(user.display)}</h1><p>${plain(handle)}: a user of another server, which is not Obverse.</p>` +
    `<h2>What reaches this account</h2>${posts.join("") || "<p>Nothing yet.</p>"}</body></html>`
  );
}

function withoutMarkup(html) {
  const names = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: " " };
  const text = html.replaceAll(/<br\s*\/?>|<\/p>/g, "\n").replaceAll(/<[^>]*>/g, "");
  return text.replaceAll(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name) => names[name]).trim();
}

function plain(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
