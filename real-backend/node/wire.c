/* The lines between coordinator and helper, as tables: see wire.h. */
#include "real-backend/node/wire.h"

#include "core/shell/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) ((uint32_t)(sizeof(list) / sizeof((list)[0])))

/* ---- words ---- */

static const char *const verbs[] = {
    [WIRE_WATCH] = "Watch",
    [WIRE_LOOK] = "Look",
    [WIRE_CONFIG] = "Config",
    [WIRE_LOCK_READ] = "LockRead",
    [WIRE_LOCK_WRITE] = "LockWrite",
    [WIRE_WHAT_IF] = "WhatIf",
    [WIRE_SUSPEND] = "Suspend",
    [WIRE_RESUME] = "Resume",
    [WIRE_RESTART] = "Restart",
    [WIRE_ABLE] = "Able",
    [WIRE_SCAN] = "Scan",
    [WIRE_STAGE] = "Stage",
    [WIRE_INSTALL] = "Install",
    [WIRE_SCRIPT] = "Script",
    [WIRE_SAVE] = "Save",
    [WIRE_FETCH] = "Fetch",
    [WIRE_ACK] = "Ack",
    [WIRE_RAISE] = "Raise",
    [WIRE_ASK] = "Ask",
    [WIRE_UPDATING] = "Updating",
    [WIRE_TWIN] = "Twin",
    [WIRE_CANCEL] = "Cancel",
};
_Static_assert(COUNT(verbs) == WIRE_VERBS, "a word for each verb");
const struct cau_words wire_words_verb = {"verb", verbs, COUNT(verbs)};

bool wire_is_built_in(const char *plugin)
{
    return strcmp(plugin, "apt") == 0 || strcmp(plugin, "exec") == 0;
}

static const char *const modes[] = {[WIRE_STANDBY] = "Standby", [WIRE_MAINTENANCE] = "Maintenance"};
const struct cau_words wire_words_mode = {"mode", modes, COUNT(modes)};

static const char *const kinds[] = {
    [WIRE_HELLO] = "Hello", [WIRE_LOOKED] = "Look", [WIRE_UPDATE] = "Update",
    [WIRE_NOTE] = "Note",   [WIRE_END] = "End",
};
_Static_assert(COUNT(kinds) == WIRE_KINDS, "a word for each kind of line");
const struct cau_words wire_words_kind = {"kind of line", kinds, COUNT(kinds)};

/* ---- tables ---- */

/* A word of ours that says what the line is: always there. */
#define SAYS(s, m, w)                                                                              \
    ROW(s, m, WORD, .width = WIDTH(s, m), .words = &wire_words_##w, .flags = REQUIRED)
/* A part in a table of ours. */
#define PART(s, m, f)     ROW(s, m, STRUCT, .sub = &f)
#define PARTS(s, m, f, c) ROW(s, m, LIST, .sub = &f, COUNT_IN(s, c))
#define FIELDS(s, name, list)                                                                      \
    {                                                                                              \
        name, list, COUNT(list), sizeof(s)                                                         \
    }

static const struct cau_field pair_rows[] = {
    NEEDED(struct wire_pair, name, TEXT),
    PLAIN(struct wire_pair, value, TEXT),
};
static const struct cau_fields pair = FIELDS(struct wire_pair, "pair", pair_rows);

static const struct cau_field update_rows[] = {
    NEEDED(struct wire_update, id, TEXT),
    PLAIN(struct wire_update, name, TEXT),
    PLAIN(struct wire_update, version, TEXT),
    PLAIN(struct wire_update, title, TEXT),
    PLAIN(struct wire_update, description, TEXT),
    PLAIN(struct wire_update, size, UINT),
    PLAIN(struct wire_update, error, INT),
    WORD(struct wire_update, outcome, outcome),
    PLAIN(struct wire_update, restart, BOOL),
    PLAIN(struct wire_update, long_restart_hint, BOOL),
    PLAIN(struct wire_update, firmware, BOOL),
    PLAIN(struct wire_update, feature_set, BOOL),
};
static const struct cau_fields update = FIELDS(struct wire_update, "update", update_rows);

static const struct cau_field request_rows[] = {
    NEEDED(struct wire_request, n, UINT),
    SAYS(struct wire_request, verb, verb),
    PLAIN(struct wire_request, target, UINT),
    PLAIN(struct wire_request, key, TEXT),
    PLAIN(struct wire_request, node, TEXT),
    PLAIN(struct wire_request, node_id, TEXT),
    ROW(struct wire_request, mode, WORD, .width = 1, .words = &wire_words_mode),
    PLAIN(struct wire_request, boot, TEXT),
    PLAIN(struct wire_request, plugin, TEXT),
    PLAIN(struct wire_request, run, TEXT),
    PLAIN(struct wire_request, name, TEXT),
    PLAIN(struct wire_request, text, TEXT),
    PLAIN(struct wire_request, expect, TEXT),
    PLAIN(struct wire_request, want, TEXT),
    PLAIN(struct wire_request, progress, TEXT),
    PLAIN(struct wire_request, configuration, TEXT),
    COUNTED(struct wire_request, away, TEXTS, away_count),
    PARTS(struct wire_request, arguments, pair, argument_count),
    PARTS(struct wire_request, pins, pair, pin_count),
    PARTS(struct wire_request, updates, update, update_count),
    WORD(struct wire_request, restart, restart),
    PLAIN(struct wire_request, bypass, BOOL),
    PLAIN(struct wire_request, clear, BOOL),
    PLAIN(struct wire_request, cluster, BOOL),
    PLAIN(struct wire_request, skip_checks, BOOL),
    PLAIN(struct wire_request, lock, BOOL),
};
const struct cau_fields wire_fields_request = FIELDS(struct wire_request, "request", request_rows);

static const struct cau_field node_rows[] = {
    PLAIN(struct wire_node, name, TEXT),           PLAIN(struct wire_node, boot, TEXT),
    PLAIN(struct wire_node, startup, TEXT),        PLAIN(struct wire_node, failed, TEXT),
    PLAIN(struct wire_node, busy, TEXT),           PLAIN(struct wire_node, lock, TEXT),
    PLAIN(struct wire_node, restart_needed, BOOL), PLAIN(struct wire_node, apart, BOOL),
};
static const struct cau_fields node = FIELDS(struct wire_node, "node", node_rows);

static const struct cau_field cluster_rows[] = {
    PLAIN(struct wire_cluster, quorum, TEXT),   PLAIN(struct wire_cluster, nodelist, TEXT),
    PLAIN(struct wire_cluster, cib, TEXT),      PLAIN(struct wire_cluster, mon, TEXT),
    PLAIN(struct wire_cluster, simulate, TEXT), PLAIN(struct wire_cluster, store, TEXT),
};
static const struct cau_fields cluster = FIELDS(struct wire_cluster, "cluster", cluster_rows);

static const struct cau_field look_rows[] = {
    PLAIN(struct wire_look, asked, UINT),       PLAIN(struct wire_look, at, MSEC),
    PLAIN(struct wire_look, age_ms, MSEC),      PART(struct wire_look, node, node),
    PLAIN(struct wire_look, has_cluster, BOOL), PART(struct wire_look, cluster, cluster),
};
static const struct cau_fields look = FIELDS(struct wire_look, "look", look_rows);

static const struct cau_field said_rows[] = {
    SAYS(struct wire_said, kind, kind),      PLAIN(struct wire_said, n, UINT),
    WORD(struct wire_said, code, result),    PLAIN(struct wire_said, error, INT),
    WORD(struct wire_said, why, reason),     PLAIN(struct wire_said, version, UINT),
    PLAIN(struct wire_said, at, MSEC),       PLAIN(struct wire_said, name, TEXT),
    PLAIN(struct wire_said, text, TEXT),     PLAIN(struct wire_said, lock, TEXT),
    PLAIN(struct wire_said, progress, TEXT), PART(struct wire_said, look, look),
    PART(struct wire_said, update, update),  WORD(struct wire_said, boot, boot),
    WORD(struct wire_said, soft, soft_boot),
};
const struct cau_fields wire_fields_said = FIELDS(struct wire_said, "line", said_rows);

/* ---- lines ---- */

void wire_write_request(struct cau_text *text, const struct wire_request *request)
{
    cau_fields_write(text, &wire_fields_request, request);
    cau_text_say(text, "\n");
}

void wire_write_said(struct cau_text *text, const struct wire_said *said)
{
    cau_fields_write(text, &wire_fields_said, said);
    cau_text_say(text, "\n");
}

static bool read_line(const char *line, size_t size, const struct cau_fields *fields, void *ret,
                      struct cau_pool *pool, char **reterr_why)
{
    struct cau_json json;
    cau_json_init(&json, line, size);
    *reterr_why = NULL;
    if (cau_fields_read(&json, fields, ret, pool, 1) && cau_json_end(&json)) {
        return true;
    }
    *reterr_why = cau_json_sentence(&json);
    return false;
}

bool wire_read_request(const char *line, size_t size, struct wire_request *ret,
                       struct cau_pool *pool, char **reterr_why)
{
    return read_line(line, size, &wire_fields_request, ret, pool, reterr_why);
}

bool wire_read_said(const char *line, size_t size, struct wire_said *ret, struct cau_pool *pool,
                    char **reterr_why)
{
    return read_line(line, size, &wire_fields_said, ret, pool, reterr_why);
}

const char *wire_text(const char *text)
{
    return text == NULL ? "" : text;
}

/* ---- the lock ---- */

char *wire_key(struct cau_guid owner, uint64_t epoch, char ret[WIRE_KEY])
{
    snprintf(ret, WIRE_KEY, "%016" PRIx64 "%016" PRIx64 ":%016" PRIx64, owner.hi, owner.lo, epoch);
    return ret;
}

char *wire_lock(const struct cau_lock *lock, char ret[WIRE_LOCK])
{
    char key[WIRE_KEY];
    ret[0] = '\0';
    if (lock->epoch != 0) {
        snprintf(ret, WIRE_LOCK, "%s:%s:%016" PRIx64 "%016" PRIx64 ":%" PRId64,
                 wire_key(lock->owner, lock->epoch, key),
                 cau_word(&cau_words_lock_phase, lock->phase), lock->run.hi, lock->run.lo,
                 lock->stamp);
    }
    return ret;
}

bool wire_lock_scan(const char *text, struct cau_lock *ret)
{
    struct cau_lock lock = {0};
    char phase[16], again[WIRE_LOCK];
    *ret = lock;
    if (*text == '\0') {
        return true;
    }
    if (sscanf(text,
               "%16" SCNx64 "%16" SCNx64 ":%16" SCNx64 ":%15[A-Za-z]:%16" SCNx64 "%16" SCNx64
               ":%" SCNd64,
               &lock.owner.hi, &lock.owner.lo, &lock.epoch, phase, &lock.run.hi, &lock.run.lo,
               &lock.stamp) != 7) {
        return false;
    }
    int known = cau_word_find(&cau_words_lock_phase, phase, strlen(phase));
    lock.phase = (uint8_t)known;
    if (known < 0 || strcmp(wire_lock(&lock, again), text) != 0) {
        return false;
    }
    *ret = lock;
    return true;
}

/* ---- base64 ---- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *wire_base64(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    char *text = malloc((size + 2) / 3 * 4 + 1), *to = text;
    for (size_t i = 0; text != NULL && i < size; i += 3) {
        uint32_t bits = (uint32_t)bytes[i] << 16;
        bits |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
        bits |= i + 2 < size ? (uint32_t)bytes[i + 2] : 0;
        *to++ = digits[bits >> 18];
        *to++ = digits[bits >> 12 & 63];
        *to++ = i + 1 < size ? digits[bits >> 6 & 63] : '=';
        *to++ = i + 2 < size ? digits[bits & 63] : '=';
    }
    if (text != NULL) {
        *to = '\0';
    }
    return text;
}

void *wire_base64_read(const char *text, size_t *ret_size)
{
    size_t length = strcspn(text, "="), size = 0;
    uint8_t *bytes = malloc(length + 1);
    uint32_t bits = 0, held = 0;
    for (size_t i = 0; bytes != NULL && i < length; i++) {
        const char *digit = strchr(digits, text[i]);
        if (digit == NULL) {
            free(bytes);
            return NULL;
        }
        bits = bits << 6 | (uint32_t)(digit - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[size++] = (uint8_t)(bits >> held);
        }
    }
    *ret_size = size;
    return bytes;
}
