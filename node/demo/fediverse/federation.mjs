// What the library is told: who lives here, what can be asked for, and what becomes of what comes in.

import { asSeen } from "./notes.mjs";

export const INSTANCE = "instance";

/** The federation of these books. Shapes: `settings` as server.mjs reads them. */
export function federate(packages, settings, books) {
  const { fedify } = packages;
  const federation = fedify.createFederation({
    kv: new fedify.MemoryKvStore(),
    origin: settings.origin,
    allowPrivateAddress: true,
    firstKnock: settings.firstKnock === "cavage" ? "draft-cavage-http-signatures-12" : "rfc9421",
  });
  const allowed = gate(settings, books);
  letActors(federation, packages, books, allowed);
  letCollections(federation, books, allowed);
  letObjects(federation, packages, books, allowed);
  letNodeInfo(federation);
  listen(federation, packages, books);
  return federation;
}

// --- who may ask -----------------------------------------------------------------------------------------

/** With authorized fetch, whoever asks must have signed, as an actor that can be read. */
function gate(settings, books) {
  return async (context) => {
    if (!settings.authorizedFetch) return true;
    const documentLoader = await context.getDocumentLoader({ identifier: INSTANCE });
    const asker = await context.getSignedKeyOwner({ documentLoader });
    return asker !== null && ![...books.users.values()].some((user) => user.blocked.has(asker.id.href));
  };
}

// --- what can be asked for -------------------------------------------------------------------------------

function letActors(federation, { fedify, vocab }, books, allowed) {
  const instance = { name: INSTANCE, keys: null };
  federation
    .setActorDispatcher("/users/{identifier}", async (context, name) => {
      const user = books.users.get(name);
      if (!user && name !== INSTANCE) return null;
      if (user?.gone) return new vocab.Tombstone({ id: context.getActorUri(name), deleted: user.gone });
      const keys = await context.getActorKeyPairs(name);
      const kind = user ? vocab.Person : vocab.Application;
      return new kind({
        id: context.getActorUri(name),
        preferredUsername: name,
        name: user?.display ?? "This server",
        summary: user ? `<p>${user.display}, of another server.</p>` : null,
        url: new URL(user ? `/@${name}` : "/", context.canonicalOrigin),
        inbox: context.getInboxUri(name),
        outbox: context.getOutboxUri(name),
        followers: context.getFollowersUri(name),
        following: context.getFollowingUri(name),
        endpoints: new vocab.Endpoints({ sharedInbox: context.getInboxUri() }),
        manuallyApprovesFollowers: Boolean(user?.locked),
        discoverable: true,
        publicKey: keys[0].cryptographicKey,
        assertionMethods: keys.map((pair) => pair.multikey),
      });
    })
    .setKeyPairsDispatcher(async (_, name) => {
      const owner = name === INSTANCE ? instance : books.users.get(name);
      if (!owner) return [];
      owner.keys ??= makeKeys(fedify, owner.keyBits ?? 2048);
      return await owner.keys;
    })
    .authorize(async (context, name) => name === INSTANCE || (await allowed(context)));
}

/** Both keys of an actor. The library's own RSA keys have 4096 bits, which take seconds to make. */
async function makeKeys(fedify, bits) {
  const usual = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
  return await Promise.all([
    bits === 4096
      ? fedify.generateCryptoKeyPair("RSASSA-PKCS1-v1_5")
      : crypto.subtle.generateKey({ ...usual, modulusLength: bits }, true, ["sign", "verify"]),
    fedify.generateCryptoKeyPair("Ed25519"),
  ]);
}

function letCollections(federation, books, allowed) {
  const pages = (name) => books.users.get(name) ?? null;
  const whole = (items) => ({ items, nextCursor: null });
  federation
    .setFollowersDispatcher("/users/{identifier}/followers", (_, name) => {
      const user = pages(name);
      return user && whole([...user.followers.values()]);
    })
    .setCounter((_, name) => pages(name)?.followers.size ?? 0)
    .authorize(allowed);
  federation
    .setFollowingDispatcher("/users/{identifier}/following", (_, name) => {
      const user = pages(name);
      const accepted = user && [...user.following].filter(([, one]) => one.state === "accepted");
      return user && whole(accepted.map(([id]) => new URL(id)));
    })
    .authorize(allowed);
  federation
    .setOutboxDispatcher("/users/{identifier}/outbox", (_, name) => {
      const user = pages(name);
      return user && whole([]);
    })
    .setCounter(() => 0)
    .authorize(allowed);
}

function letObjects(federation, packages, books, allowed) {
  const { vocab } = packages;
  for (const [kind, word] of [[vocab.Note, "notes"], [vocab.Question, "questions"]]) {
    federation
      .setObjectDispatcher(kind, `/users/{identifier}/${word}/{number}`, (_, { identifier, number }) => {
        const kept = books.users.get(identifier)?.notes.get(number);
        return kept && !kept.deleted ? kept.note : null;
      })
      .authorize(async (context, { identifier, number }) => {
        const kept = books.users.get(identifier)?.notes.get(number);
        if (!kept || kept.visibility === "public" || kept.visibility === "unlisted") return await allowed(context);
        const asker = await context.getSignedKeyOwner();
        return asker !== null && kept.recipients.has(asker.id.href);
      });
  }
  federation
    .setObjectDispatcher(vocab.Follow, "/users/{identifier}/follows/{number}", (_, { identifier, number }) => {
      const act = books.users.get(identifier)?.acts.get(number);
      return act instanceof vocab.Follow ? act : null;
    })
    .authorize(allowed);
}

function letNodeInfo(federation) {
  federation.setNodeInfoDispatcher("/nodeinfo/2.1", () => ({
    software: { name: "neighbour", version: "1.0.0" },
    protocols: ["activitypub"],
    usage: { users: {}, localPosts: 0, localComments: 0 },
  }));
}

// --- what comes in ---------------------------------------------------------------------------------------

function listen(federation, packages, books) {
  const { vocab } = packages;
  const heard = (listener) => async (context, activity) => {
    const json = await activity.toJsonLd();
    for (const user of concerned(context, books, json)) user.received.push(json);
    await listener(context, activity);
  };
  federation
    .setInboxListeners("/users/{identifier}/inbox", "/inbox")
    .setSharedKeyDispatcher(() => ({ identifier: INSTANCE }))
    .on(vocab.Follow, heard((context, follow) => onFollow(context, follow, packages, books)))
    .on(vocab.Undo, heard((context, undo) => onUndo(context, undo, packages, books)))
    .on(vocab.Accept, heard((_, accept) => onAnswer(accept, "accepted", books)))
    .on(vocab.Reject, heard((_, reject) => onAnswer(reject, "rejected", books)))
    .on(vocab.Create, heard((context, create) => onStatement(context, create, books)))
    .on(vocab.Update, heard((context, update) => onStatement(context, update, books)))
    .on(vocab.Delete, heard((_, deletion) => onDelete(deletion, books)))
    .on(vocab.Activity, heard(async () => {}))
    .onError((_, error) => {
      console.error(error);
      books.refused.push(String(error));
    });
}

/** Whom an activity concerns: the owner of the inbox, or all of the shared one that it names or that follow. */
function concerned(context, books, json) {
  if (context.recipient) return [books.users.get(context.recipient)].filter(Boolean);
  const named = JSON.stringify(json);
  return [...books.users.values()].filter(
    (user) => user.following.has(json.actor) || named.includes(`"${context.getActorUri(user.name).href}"`),
  );
}

async function onFollow(context, follow, { vocab }, books) {
  const target = context.parseUri(follow.objectId);
  const user = target?.type === "actor" ? books.users.get(target.identifier) : null;
  const follower = await follow.getActor(context);
  if (!user || !follower || user.blocked.has(follower.id.href)) return;
  if (user.locked) {
    user.waiting.set(follower.id.href, { follow, follower });
    return;
  }
  await acceptFollow(context, vocab, user, follow, follower);
}

/** Take a follower on and tell it so. */
export async function acceptFollow(context, vocab, user, follow, follower) {
  user.followers.set(follower.id.href, follower);
  user.waiting.delete(follower.id.href);
  const number = String((user.count += 1));
  const accept = new vocab.Accept({
    id: new URL(`#accepts/${number}`, context.getActorUri(user.name)),
    actor: context.getActorUri(user.name),
    to: follower.id,
    object: follow,
  });
  await context.sendActivity({ identifier: user.name }, follower, accept);
}

async function onUndo(context, undo, { vocab }, books) {
  const undone = await undo.getObject({ ...context, crossOrigin: "trust" });
  if (undone instanceof vocab.Follow) {
    const target = context.parseUri(undone.objectId);
    books.users.get(target?.identifier)?.followers.delete(undo.actorId.href);
  }
}

function onAnswer(answer, state, books) {
  for (const user of books.users.values()) {
    const follow = user.following.get(answer.actorId.href);
    if (follow && follow.id === answer.objectId?.href) follow.state = state;
    if (follow && state === "rejected") user.following.delete(answer.actorId.href);
  }
}

async function onStatement(context, activity, books) {
  const object = await activity.getObject(context);
  if (!object?.id || object.attributionId?.href !== activity.actorId.href) return;
  const seen = await asSeen(context, object);
  for (const user of concerned(context, books, await activity.toJsonLd())) {
    if (!user.blocked.has(activity.actorId.href)) user.timeline.set(object.id.href, seen);
  }
}

function onDelete(deletion, books) {
  const gone = deletion.objectId?.href;
  if (!gone?.startsWith(new URL(deletion.actorId).origin)) return;
  for (const user of books.users.values()) user.timeline.delete(gone);
}
