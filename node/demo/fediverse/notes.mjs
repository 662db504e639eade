// What a user writes, in the form that other people's servers write it.

/** The HTML of plain text: paragraphs, and mentions in front as the usual servers have them. */
export function toHtml(text, mentions = []) {
  const greetings = mentions.map(
    ({ url, name }) =>
      `<span class="h-card" translate="no"><a href="${escape(url)}" class="u-url mention">` +
      `@<span>${escape(name)}</span></a></span> `,
  );
  const paragraphs = text.split("\n\n").map((part) => escape(part).replaceAll("\n", "<br>"));
  return `<p>${greetings.join("")}${paragraphs.join("</p><p>")}</p>`;
}

function escape(text) {
  const names = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (sign) => names[sign]);
}

/** A Note, or a Question where there are choices, addressed by its visibility. */
export function writeNote({ vocab, runtime, Temporal }, ids, draft, mentioned, replyTo) {
  const values = {
    ...ids,
    ...audience(vocab, ids.followers, draft.visibility ?? "public", mentioned),
    attribution: ids.author,
    published: draft.published ?? Temporal.Now.instant(),
    updated: draft.updated ?? null,
    replyTarget: replyTo,
    summary: draft.summary ?? null,
    sensitive: draft.summary ? true : null,
    tags: tags(vocab, mentioned, draft.hashtags ?? []),
    attachments: (draft.images ?? []).map(
      (image) => new vocab.Document({ url: new URL(image.url), mediaType: "image/png", name: image.alt }),
    ),
    quoteUrl: draft.quote ? new URL(draft.quote) : null,
  };
  delete values.author;
  delete values.followers;
  const html = toHtml(draft.text, mentioned);
  if (draft.language) {
    values.contents = [html, new runtime.LanguageString(html, draft.language)];
  } else {
    values.content = html;
  }
  if (!draft.choices) return new vocab.Note(values);
  return new vocab.Question({
    ...values,
    exclusiveOptions: draft.choices.map(
      (name) => new vocab.Note({ name, replies: new vocab.Collection({ totalItems: 0 }) }),
    ),
    endTime: Temporal.Now.instant().add({ hours: 24 }),
    voters: 0,
  });
}

function audience(vocab, followers, visibility, mentioned) {
  const people = mentioned.map((one) => one.id);
  const everybody = vocab.PUBLIC_COLLECTION;
  switch (visibility) {
    case "public":
      return { tos: [everybody], ccs: [followers, ...people] };
    case "unlisted":
      return { tos: [followers], ccs: [everybody, ...people] };
    case "followers":
      return { tos: [followers], ccs: people };
    case "direct":
      return { tos: people, ccs: [] };
    default:
      throw new Error(`no such visibility: ${visibility}`);
  }
}

function tags(vocab, mentioned, hashtags) {
  return [
    ...mentioned.map((one) => new vocab.Mention({ href: one.id, name: one.handle })),
    ...hashtags.map((name) => new vocab.Hashtag({ name: `#${name}` })),
  ];
}

/** What the library has understood of somebody's post. */
export async function asSeen(context, object) {
  const [tags, attachments, contents] = [[], [], {}];
  for await (const tag of object.getTags({ ...context, suppressError: true })) {
    tags.push({ type: tag.constructor.name, name: tag.name?.toString() ?? null, href: tag.href?.href ?? null });
  }
  for await (const one of object.getAttachments({ ...context, suppressError: true })) {
    attachments.push({ type: one.constructor.name, name: one.name?.toString() ?? null });
  }
  for (const content of object.contents) {
    if (typeof content !== "string") contents[content.locale.baseName] = content.toString();
  }
  return {
    id: object.id.href,
    type: object.constructor.name,
    author: object.attributionId.href,
    content: object.content?.toString() ?? null,
    contents,
    summary: object.summary?.toString() ?? null,
    sensitive: object.sensitive ?? null,
    inReplyTo: object.replyTargetId?.href ?? null,
    url: (object.url?.href ?? object.url)?.toString() ?? null,
    published: object.published?.toString() ?? null,
    updated: object.updated?.toString() ?? null,
    to: object.toIds.map((id) => id.href),
    cc: object.ccIds.map((id) => id.href),
    tags,
    attachments,
  };
}
