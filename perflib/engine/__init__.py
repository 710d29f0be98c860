"""The embedded database: the only room that knows a dialect of SQL. Everywhere else questions are plain Ibis."""
