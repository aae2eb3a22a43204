/** The tables of the store, version by version. A released version is never edited: a change is a new script at the end. */

/** What openDatabase runs: script n brings schema n-1 to n.
 *  The body of a message has its own table, so that taking and releasing do not write it again. */
export const storeMigrations: readonly string[] = [
  `CREATE TABLE counter (sequence INTEGER NOT NULL);
   INSERT INTO counter VALUES (0);
   CREATE TABLE documents (
     key TEXT PRIMARY KEY,
     revision INTEGER NOT NULL,
     value TEXT NOT NULL
   );
   CREATE TABLE messages (
     sequence INTEGER PRIMARY KEY,
     queue TEXT NOT NULL,
     available_at_ms INTEGER NOT NULL,
     enqueued_at_ms INTEGER NOT NULL,
     is_leased INTEGER NOT NULL,
     receive_count INTEGER NOT NULL
   );
   CREATE INDEX messages_by_time ON messages (queue, available_at_ms, sequence);
   CREATE TABLE bodies (
     sequence INTEGER PRIMARY KEY,
     attributes TEXT,
     body BLOB NOT NULL
   );`,
]
