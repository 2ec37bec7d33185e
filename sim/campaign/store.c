/* See store.h. One process at a time: then the write-ahead log needs no memory that processes
 * share, which a network's file system has not. */
#include "sim/campaign/store.h"

#include "core/shell/text.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_AT_ONCE 4096 /* in one transaction */

struct store {
    sqlite3 *db;
    sqlite3_stmt *insert;
    char *path;
    unsigned pending; /* rows of the transaction that is open */
};

static int fail(struct store *store, char **reterr_why)
{
    bool busy = sqlite3_errcode(store->db) == SQLITE_BUSY;
    *reterr_why =
        cau_sentence("%s: %s", store->path,
                     busy ? "another process is at work on it" : sqlite3_errmsg(store->db));
    return -EIO;
}

static int execute(struct store *store, const char *sql, char **reterr_why)
{
    return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
                                                                       : fail(store, reterr_why);
}

static int prepare(struct store *store, const char *sql, sqlite3_stmt **ret, char **reterr_why)
{
    int rc = sqlite3_prepare_v2(store->db, sql, -1, ret, NULL);
    return rc == SQLITE_OK ? 0 : fail(store, reterr_why);
}

/* "outcome, length_ms, ...", each with what comes before and after its name. */
static void say_columns(struct cau_text *text, const char *before, const char *after)
{
    for (size_t i = 0; i < SIM_MEASURES; i++) {
        cau_text_printf(text, "%s%s%s%s", i > 0 ? "," : "", before, sim_measure_columns[i].name,
                        after);
    }
}

static int make_tables(struct store *store, char **reterr_why)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "CREATE TABLE IF NOT EXISTS words(name TEXT PRIMARY KEY, value TEXT);"
                        "CREATE TABLE IF NOT EXISTS runs(cell INTEGER, run INTEGER,");
    say_columns(&text, "", " INTEGER");
    cau_text_say(&text, ",PRIMARY KEY(cell, run)) WITHOUT ROWID;");
    int rc = text.failed ? -ENOMEM : execute(store, text.data, reterr_why);
    cau_text_done(&text);
    return rc;
}

static int prepare_insert(struct store *store, char **reterr_why)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "INSERT OR REPLACE INTO runs VALUES(?,?");
    for (size_t i = 0; i < SIM_MEASURES; i++) {
        cau_text_say(&text, ",?");
    }
    cau_text_say(&text, ")");
    int rc = text.failed ? -ENOMEM : prepare(store, text.data, &store->insert, reterr_why);
    cau_text_done(&text);
    return rc;
}

struct store *store_open(const char *path, char **reterr_why)
{
    struct store *store = calloc(1, sizeof *store);
    *reterr_why = NULL;
    if (store == NULL || (store->path = strdup(path)) == NULL) {
        free(store);
        return NULL;
    }
    int rc = sqlite3_open(path, &store->db) == SQLITE_OK ? 0 : fail(store, reterr_why);
    if (rc == 0) {
        sqlite3_busy_timeout(store->db, 1000);
        rc = execute(store,
                     "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; "
                     "PRAGMA synchronous=NORMAL;",
                     reterr_why);
    }
    if (rc != 0 || make_tables(store, reterr_why) != 0 || prepare_insert(store, reterr_why) != 0) {
        store_close(store);
        return NULL;
    }
    return store;
}

void store_close(struct store *store)
{
    if (store != NULL) {
        sqlite3_finalize(store->insert);
        sqlite3_close(store->db);
        free(store->path);
    }
    free(store);
}

/* ---- rows ---- */

int store_keep(struct store *store, char **reterr_why)
{
    if (store->pending == 0) {
        return 0;
    }
    store->pending = 0;
    return execute(store, "COMMIT", reterr_why);
}

int store_add(struct store *store, uint32_t cell, uint64_t run, const struct sim_measures *row,
              char **reterr_why)
{
    if (store->pending == 0 && execute(store, "BEGIN IMMEDIATE", reterr_why) != 0) {
        return -EIO;
    }
    store->pending++;
    sqlite3_bind_int64(store->insert, 1, cell);
    sqlite3_bind_int64(store->insert, 2, (int64_t)run);
    for (int i = 0; i < SIM_MEASURES; i++) {
        if (row->of[i] == SIM_NONE && sim_measure_columns[i].type != SIM_HASH) {
            sqlite3_bind_null(store->insert, 3 + i);
        } else {
            sqlite3_bind_int64(store->insert, 3 + i, row->of[i]);
        }
    }
    int rc = sqlite3_step(store->insert) == SQLITE_DONE ? 0 : fail(store, reterr_why);
    sqlite3_reset(store->insert);
    return rc != 0 || store->pending < ROWS_AT_ONCE ? rc : store_keep(store, reterr_why);
}

/* 0, or < 0 with a sentence: no run gives such a row. */
static int read_row(struct store *store, sqlite3_stmt *select, struct sim_measures *ret,
                    char **reterr_why)
{
    bool good = true;
    for (int i = 0; i < SIM_MEASURES; i++) {
        int type = sqlite3_column_type(select, 2 + i);
        ret->of[i] = type == SQLITE_NULL ? SIM_NONE : sqlite3_column_int64(select, 2 + i);
        good = good && (type == SQLITE_NULL || type == SQLITE_INTEGER);
    }
    int64_t outcome = ret->of[SIM_M_OUTCOME];
    if (good && outcome >= 0 && outcome < SIM_ENDINGS) {
        return 0;
    }
    *reterr_why = cau_sentence(
        "%s: is damaged: no run gives what stands in cell %" PRId64 ", run %" PRId64, store->path,
        (int64_t)sqlite3_column_int64(select, 0), (int64_t)sqlite3_column_int64(select, 1));
    return -EINVAL;
}

int store_each(struct store *store, uint32_t cell,
               int (*each)(void *ctx, uint32_t cell, uint64_t run, const struct sim_measures *row),
               void *ctx, char **reterr_why)
{
    sqlite3_stmt *select = NULL;
    const char *sql = cell == STORE_ALL ? "SELECT * FROM runs ORDER BY cell, run"
                                        : "SELECT * FROM runs WHERE cell = ? ORDER BY run";
    int rc = prepare(store, sql, &select, reterr_why), step = SQLITE_DONE;
    if (rc == 0 && cell != STORE_ALL) {
        sqlite3_bind_int64(select, 1, cell);
    }
    while (rc == 0 && (step = sqlite3_step(select)) == SQLITE_ROW) {
        struct sim_measures row;
        rc = read_row(store, select, &row, reterr_why);
        rc = rc != 0 ? rc
                     : each(ctx, (uint32_t)sqlite3_column_int64(select, 0),
                            (uint64_t)sqlite3_column_int64(select, 1), &row);
    }
    rc = rc == 0 && step != SQLITE_DONE ? fail(store, reterr_why) : rc;
    sqlite3_finalize(select);
    return rc;
}

int store_get(struct store *store, uint32_t cell, uint64_t run, struct sim_measures *ret,
              char **reterr_why)
{
    sqlite3_stmt *select = NULL;
    int rc = prepare(store, "SELECT * FROM runs WHERE cell = ? AND run = ?", &select, reterr_why);
    if (rc == 0) {
        sqlite3_bind_int64(select, 1, cell);
        sqlite3_bind_int64(select, 2, (int64_t)run);
        int step = sqlite3_step(select);
        rc = step == SQLITE_ROW ? 0 : step == SQLITE_DONE ? 1 : fail(store, reterr_why);
    }
    if (rc == 0) {
        rc = read_row(store, select, ret, reterr_why);
    }
    sqlite3_finalize(select);
    return rc;
}

int store_pick(struct store *store, uint32_t cell, uint64_t *ret_run, char **reterr_why)
{
    sqlite3_stmt *select = NULL;
    int rc = prepare(store,
                     "SELECT run FROM runs WHERE cell = ?1 ORDER BY run LIMIT 1 OFFSET "
                     "?1 % max(1, (SELECT count(*) FROM runs WHERE cell = ?1))",
                     &select, reterr_why);
    if (rc == 0) {
        sqlite3_bind_int64(select, 1, cell);
        int step = sqlite3_step(select);
        rc = step == SQLITE_ROW ? 0 : step == SQLITE_DONE ? 1 : fail(store, reterr_why);
        *ret_run = rc == 0 ? (uint64_t)sqlite3_column_int64(select, 0) : 0;
    }
    sqlite3_finalize(select);
    return rc;
}

/* ---- the whole ---- */

/* The columns of both, or a file of another version is taken for one of this. */
static int same_rows(struct store *store, const char *path, char **reterr_why)
{
    struct cau_text text;
    sqlite3_stmt *select = NULL;
    cau_text_init(&text);
    cau_text_say(&text,
                 "SELECT b.cell, b.run FROM runs a JOIN other.runs b USING(cell, run) WHERE ");
    for (size_t i = 0; i < SIM_MEASURES; i++) {
        const char *name = sim_measure_columns[i].name;
        cau_text_printf(&text, "%sa.%s IS NOT b.%s", i > 0 ? " OR " : "", name, name);
    }
    cau_text_say(&text, " LIMIT 1");
    int rc = text.failed ? -ENOMEM : prepare(store, text.data, &select, reterr_why);
    int step = rc == 0 ? sqlite3_step(select) : SQLITE_DONE;
    if (step == SQLITE_ROW) {
        *reterr_why = cau_sentence("%s: run %" PRId64 " of cell %" PRId64 " is another one than "
                                   "that of %s",
                                   path, (int64_t)sqlite3_column_int64(select, 1),
                                   (int64_t)sqlite3_column_int64(select, 0), store->path);
        rc = -EINVAL;
    } else if (step != SQLITE_DONE) {
        rc = fail(store, reterr_why);
    }
    sqlite3_finalize(select);
    cau_text_done(&text);
    return rc;
}

int store_merge(struct store *store, const char *path, char **reterr_why)
{
    sqlite3_stmt *attach = NULL;
    int rc = prepare(store, "ATTACH ? AS other", &attach, reterr_why);
    if (rc == 0) {
        sqlite3_bind_text(attach, 1, path, -1, SQLITE_STATIC);
        rc = sqlite3_step(attach) == SQLITE_DONE ? 0 : fail(store, reterr_why);
    }
    sqlite3_finalize(attach);
    if (rc != 0) {
        return rc;
    }
    rc = same_rows(store, path, reterr_why);
    if (rc == 0) {
        rc = execute(store, "INSERT OR REPLACE INTO runs SELECT * FROM other.runs", reterr_why);
    }
    char *why = NULL;
    int end = execute(store, "DETACH other", &why);
    if (rc == 0 && end != 0) {
        *reterr_why = why;
        return end;
    }
    free(why);
    return rc;
}

int store_set(struct store *store, const char *name, const char *value, char **reterr_why)
{
    sqlite3_stmt *insert = NULL;
    int rc = prepare(store, "INSERT OR REPLACE INTO words VALUES(?, ?)", &insert, reterr_why);
    if (rc == 0) {
        sqlite3_bind_text(insert, 1, name, -1, SQLITE_STATIC);
        sqlite3_bind_text(insert, 2, value, -1, SQLITE_STATIC);
        rc = sqlite3_step(insert) == SQLITE_DONE ? 0 : fail(store, reterr_why);
    }
    sqlite3_finalize(insert);
    return rc;
}

char *store_word(struct store *store, const char *name)
{
    sqlite3_stmt *select = NULL;
    char *why = NULL, *ret = NULL;
    if (prepare(store, "SELECT value FROM words WHERE name = ?", &select, &why) == 0) {
        sqlite3_bind_text(select, 1, name, -1, SQLITE_STATIC);
        int step = sqlite3_step(select);
        if (step == SQLITE_ROW) {
            ret = strdup((const char *)sqlite3_column_text(select, 0));
        } else if (step == SQLITE_DONE) {
            ret = strdup("");
        }
    }
    free(why);
    sqlite3_finalize(select);
    return ret;
}
