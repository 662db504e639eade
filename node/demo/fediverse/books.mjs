// What the users of this server have said, whom they follow and who follows them, and what reached them.

/** An empty set of books for users `{name, display, locked}`. */
export function openBooks(users) {
  return {
    users: new Map(users.map((user) => [user.name, openPages(user)])),
    wire: { received: [], sent: [] },
    refused: [],
  };
}

function openPages(user) {
  return {
    ...user,
    keys: null,
    gone: null, // when the account was closed
    followers: new Map(), // actor id -> recipient
    waiting: new Map(), // actor id -> Follow that awaits approval
    following: new Map(), // actor id -> { state, follow }
    notes: new Map(), // number -> { note, deleted, recipients }
    acts: new Map(), // number -> activity of ours that others may ask for
    timeline: new Map(), // object id -> what a reader sees
    received: [], // activities as they came, whatever they are
    blocked: new Set(),
    count: 0,
  };
}
