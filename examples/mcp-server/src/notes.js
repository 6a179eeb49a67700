import { DurableObject } from "cloudflare:workers";

/** The notes of one person. */
export class Notes extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL)");
  }

  list() {
    return this.sql.exec("SELECT id, text FROM notes ORDER BY id").toArray();
  }

  add(text) {
    return this.sql.exec("INSERT INTO notes (text) VALUES (?) RETURNING id, text", text).one();
  }

  /** Whether there was such a note. */
  delete(id) {
    return this.sql.exec("DELETE FROM notes WHERE id = ? RETURNING id", id).toArray().length > 0;
  }
}
