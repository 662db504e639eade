// What a user of this server can do. Each act says what it made; a server that answers other than 2xx is an error.

import { acceptFollow } from "./federation.mjs";
import { asSeen, writeNote } from "./notes.mjs";

/** The acts by name, each `(args) -> answer`. */
export function openActs(federation, packages, settings, books) {
  const { vocab } = packages;
  const context = federation.createContext(new URL(settings.origin), undefined);

  function userOf({ user }) {
    const found = books.users.get(user);
    if (!found) throw new Error(`no such user: ${user}`);
    return found;
  }

  const addressOf = (user) => context.getActorUri(user.name);
  const nextOf = (user) => String((user.count += 1));
  const actId = (user, word) => new URL(`#${word}/${nextOf(user)}`, addressOf(user));

  async function lookUp(user, whom) {
    const documentLoader = await context.getDocumentLoader({ identifier: user.name });
    const named = whom.startsWith("http") ? new URL(whom) : whom;
    const found = await context.lookupObject(named, { documentLoader });
    if (!found?.id) throw new Error(`${whom} cannot be looked up`);
    return found;
  }

  async function mentionOf(user, whom) {
    const actor = await lookUp(user, whom);
    const url = (actor.url?.href ?? actor.url ?? actor.id).toString();
    const name = actor.preferredUsername.toString();
    return { id: actor.id, url, name, handle: `@${name}@${actor.id.host}`, actor };
  }

  async function send(user, recipients, activity) {
    await context.sendActivity({ identifier: user.name }, recipients, activity, { preferSharedInbox: true });
    return activity.id.href;
  }

  const keptOf = (user, id) => {
    const kept = [...user.notes.values()].find(({ note }) => note.id.href === id);
    if (!kept) throw new Error(`${user.name} wrote no ${id}`);
    return kept;
  };

  async function readersOf(user, visibility, mentioned) {
    const readers = new Map(mentioned.map(({ actor }) => [actor.id.href, actor]));
    if (visibility !== "direct") user.followers.forEach((follower, id) => readers.set(id, follower));
    return readers;
  }

  async function post(args) {
    const user = userOf(args);
    const mentioned = await Promise.all((args.mentions ?? []).map((whom) => mentionOf(user, whom)));
    const replyTo = args.replyTo ? new URL(args.replyTo) : null;
    const number = nextOf(user);
    const kind = args.choices ? vocab.Question : vocab.Note;
    const place = { identifier: user.name, number };
    const ids = {
      id: context.getObjectUri(kind, place),
      url: context.getObjectUri(kind, place),
      author: addressOf(user),
      followers: context.getFollowersUri(user.name),
    };
    const visibility = args.visibility ?? "public";
    const note = writeNote(packages, ids, args, mentioned, replyTo);
    const recipients = await readersOf(user, visibility, mentioned);
    user.notes.set(number, { note, ids, args, mentioned, replyTo, visibility, recipients, deleted: false });
    const create = new vocab.Create({ ...wrapping(user, note), id: new URL("#create", note.id) });
    await send(user, [...recipients.values()], create);
    return { id: note.id.href, content: note.content.toString() };
  }

  const wrapping = (user, note) => ({
    actor: addressOf(user),
    object: note,
    tos: note.toIds,
    ccs: note.ccIds,
    published: note.published,
  });

  return {
    lookup: async (args) => {
      const found = await lookUp(userOf(args), args.whom);
      return { id: found.id.href, type: found.constructor.name, json: await found.toJsonLd() };
    },
    list: async (args) => {
      const user = userOf(args);
      const documentLoader = await context.getDocumentLoader({ identifier: user.name });
      const collection = await lookUp(user, args.what);
      const items = [];
      for await (const item of context.traverseCollection(collection, { documentLoader })) {
        items.push({ id: item.id?.href ?? null, type: item.constructor.name });
      }
      return { type: collection.constructor.name, total: collection.totalItems, items };
    },
    nodeinfo: async (args) => {
      const known = await (await fetch(new URL("/.well-known/nodeinfo", args.url))).json();
      const link = known.links.find(({ rel }) => rel.endsWith("/schema/2.1"));
      const document = await (await fetch(link.href)).json();
      return { found: packages.fedify.parseNodeInfo(document) };
    },
    webfinger: async (args) => ({ found: await context.lookupWebFinger(args.resource) }),
    see: async (args) => await asSeen(context, await lookUp(userOf(args), args.what)),
    follow: async (args) => {
      const user = userOf(args);
      const actor = await lookUp(user, args.whom);
      const number = nextOf(user);
      const id = context.getObjectUri(vocab.Follow, { identifier: user.name, number });
      const follow = new vocab.Follow({ id, actor: addressOf(user), object: actor.id, to: actor.id });
      user.acts.set(number, follow);
      user.following.set(actor.id.href, { state: "pending", id: id.href, follow, actor });
      await send(user, actor, follow);
      return { id: id.href, actor: actor.id.href };
    },
    unfollow: async (args) => {
      const user = userOf(args);
      const actor = await lookUp(user, args.whom);
      const { follow } = user.following.get(actor.id.href);
      user.following.delete(actor.id.href);
      const undo = new vocab.Undo({ id: actId(user, "undoes"), actor: addressOf(user), object: follow });
      return { id: await send(user, actor, undo) };
    },
    approve: async (args) => {
      const user = userOf(args);
      const waiting = user.waiting.get(args.whom);
      if (!waiting) throw new Error(`${args.whom} does not wait`);
      await acceptFollow(context, vocab, user, waiting.follow, waiting.follower);
      return {};
    },
    remove: async (args) => {
      const user = userOf(args);
      const follower = user.followers.get(args.whom) ?? user.waiting.get(args.whom)?.follower;
      const follow = new vocab.Follow({ actor: follower.id, object: addressOf(user) });
      const reject = new vocab.Reject({ id: actId(user, "rejects"), actor: addressOf(user), object: follow });
      user.followers.delete(args.whom);
      user.waiting.delete(args.whom);
      return { id: await send(user, follower, reject) };
    },
    post,
    edit: async (args) => {
      const user = userOf(args);
      const kept = keptOf(user, args.id);
      const draft = { ...kept.args, ...args, published: kept.note.published };
      draft.updated = packages.Temporal.Now.instant();
      kept.note = writeNote(packages, kept.ids, draft, kept.mentioned, kept.replyTo);
      const update = new vocab.Update({ ...wrapping(user, kept.note), id: actId(user, "updates") });
      return { id: await send(user, [...kept.recipients.values()], update) };
    },
    delete: async (args) => {
      const user = userOf(args);
      const kept = keptOf(user, args.id);
      kept.deleted = true;
      const { note } = kept;
      const gone = new vocab.Tombstone({ id: note.id });
      const deletion = new vocab.Delete({ ...wrapping(user, gone), id: new URL("#delete", note.id), tos: note.toIds });
      return { id: await send(user, [...kept.recipients.values()], deletion) };
    },
    like: async (args) => await react(args, vocab.Like, "likes"),
    announce: async (args) => await react(args, vocab.Announce, "announces"),
    undo: async (args) => {
      const user = userOf(args);
      const { activity, readers } = user.acts.get(args.id);
      const undo = new vocab.Undo({ id: actId(user, "undoes"), actor: addressOf(user), object: activity });
      return { id: await send(user, readers, undo) };
    },
    block: async (args) => {
      const user = userOf(args);
      const actor = await lookUp(user, args.whom);
      user.blocked.add(actor.id.href);
      user.followers.delete(actor.id.href);
      const block = new vocab.Block({ id: actId(user, "blocks"), actor: addressOf(user), object: actor.id });
      return { id: await send(user, actor, block) };
    },
    leave: async (args) => {
      const user = userOf(args);
      user.gone = packages.Temporal.Now.instant();
      const id = addressOf(user);
      const values = { id: actId(user, "deletes"), actor: id, object: id, to: vocab.PUBLIC_COLLECTION };
      const followed = [...user.following.values()].map(({ actor }) => actor);
      return { id: await send(user, [...user.followers.values(), ...followed], new vocab.Delete(values)) };
    },
    timeline: (args) => ({ posts: [...userOf(args).timeline.values()] }),
    people: (args) => {
      const user = userOf(args);
      const following = Object.fromEntries([...user.following].map(([id, { state }]) => [id, state]));
      return { followers: [...user.followers.keys()], waiting: [...user.waiting.keys()], following };
    },
    received: (args) => ({ activities: userOf(args).received }),
    wait: async (args) => await new Promise((done) => setTimeout(() => done({}), args.seconds * 1000)),
    refused: () => ({ errors: books.refused }),
    wire: () => books.wire,
    fetch: async (args) => {
      const headers = { accept: args.accept ?? "application/activity+json" };
      const answer = await fetch(args.url, { headers, redirect: "manual" });
      return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
    },
  };

  async function react(args, kind, word) {
    const user = userOf(args);
    const object = await lookUp(user, args.what);
    const author = await lookUp(user, object.attributionId.href);
    const id = actId(user, word);
    const isPublic = kind === vocab.Announce;
    const audience = isPublic
      ? { tos: [vocab.PUBLIC_COLLECTION], ccs: [author.id, context.getFollowersUri(user.name)] }
      : { tos: [author.id] };
    const published = packages.Temporal.Now.instant();
    const activity = new kind({ id, actor: addressOf(user), object: object.id, published, ...audience });
    const readers = [author, ...(isPublic ? user.followers.values() : [])];
    user.acts.set(id.href, { activity, readers });
    return { id: await send(user, readers, activity) };
  }
}
