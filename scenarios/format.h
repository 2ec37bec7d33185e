/* The format of a file as tables: one row is one key. scn_root is a scenario's.
 *
 * The reader, the writer, the defaults, scenario_free and the test that holds README.md to the
 * format all walk these rows, so that a key exists everywhere or nowhere. What a row cannot say
 * (two keys that exclude each other, names that must exist) stands in check.c. Private to this
 * folder. */
#ifndef SCENARIO_FORMAT_H
#define SCENARIO_FORMAT_H

#include "core/shell/words.h"
#include "scenarios/json.h"
#include "scenarios/scenario.h"

enum scn_type {
    SCN_SKIP,  /* known, read elsewhere, not written */
    SCN_NAME,  /* char *: letters, digits and ._-+~:@ */
    SCN_TEXT,  /* char *, never NULL after reading; not written when empty */
    SCN_TEXTS, /* char **, count beside */
    SCN_JSON,  /* char *: whatever stands there, as JSON text */
    SCN_BOOL,
    SCN_SWITCH,  /* enum cau_quorum_switch: true, false, null */
    SCN_INT,     /* of `width` bytes, min .. max */
    SCN_SEED,    /* uint64_t: a number up to 2^53 - 1, or decimal digits in a text */
    SCN_REAL,    /* double, min .. max */
    SCN_SPAN,    /* sim_nsec, min .. max; max SIM_NEVER: "never" is allowed */
    SCN_MSEC,    /* cau_msec, written as a duration */
    SCN_SIZE,    /* uint64_t bytes */
    SCN_RATE,    /* uint64_t bytes a second, at least 1 */
    SCN_DIST,    /* struct scenario_dist; max SIM_NEVER: "never" is allowed */
    SCN_DATE,    /* cau_msec UTC */
    SCN_WORD,    /* index in `words`, of `width` bytes */
    SCN_VERSION, /* uint32_t: "3.16.2", "" = 0 = not known */
    SCN_BITS,    /* uint32_t: a list of numbers 0..31 */
    /* references by name: read after the list they may point into */
    SCN_SITE, /* uint32_t: an index */
    SCN_NODE,
    SCN_PLUGIN,
    SCN_COORDINATOR,
    SCN_SITES, /* uint32_t *, count beside */
    SCN_NODES,
    SCN_UPDATES,
    SCN_PAIR,    /* uint32_t[2]: two sites */
    SCN_TRIGGER, /* the part of struct scenario_when that waits for a state */
    /* with structure */
    SCN_EVERY,   /* the part of struct scenario_when that repeats */
    SCN_RESULTS, /* struct scenario_expect_result *, count beside: an object, name to status */
    SCN_OBJECT,  /* the keys of `table`, in the same or a nested struct */
    SCN_LIST,    /* a pointer and a count: structs of `table` */
    SCN_POLICY,  /* struct cau_options */
};

struct scn_table;
struct scn_reader;
struct scn_at;

struct scn_row {
    const char *key;
    const char *fallback; /* the default as JSON text; NULL: the memory stays zero */
    const struct cau_words *words;
    const struct scn_table *table;
    int64_t min, max, none; /* none: what null, and nothing, stand for */
    size_t offset, count_offset;
    uint32_t kinds;    /* of the table's selector, as bits: where the key may stand; 0 = all */
    uint32_t required; /* likewise: where it must stand; UINT32_MAX = everywhere */
    uint8_t type;      /* enum scn_type */
    uint8_t width;
    bool nullable; /* null is allowed, and means what absence means; not written */
};

/* What references point into. */
enum scn_ref {
    SCN_REF_NONE,
    SCN_REF_SITE,
    SCN_REF_NODE,
    SCN_REF_PLUGIN,
    SCN_REF_UPDATE,
    SCN_REF_COORDINATOR,
    SCN_REFS
};

struct scn_table {
    const char *one; /* "node": for sentences */
    const struct scn_row *rows;
    size_t count, size;     /* of rows; of the struct */
    size_t name_offset;     /* of the char * that must be unique in a list, or SIZE_MAX */
    size_t selector_offset; /* of the enum that `kinds` and `required` are about, or SIZE_MAX */
    const char *defaults;   /* key of the root object whose values stand in for missing ones */
    uint8_t ref;            /* enum scn_ref: what refers to an element of this list */
    bool expands;           /* "count": n stands for n of them, % in texts for the number */
    /* More checks of one element, and what the rows cannot fill in. */
    void (*check)(struct scn_reader *reader, const struct scn_at *at, void *element);
};

extern const struct scn_table scn_root;

/* A distribution's members, beside the text that is a fixed time. */
struct scn_law {
    const char *name, *a, *b, *shape; /* keys; NULL: the law has none */
    enum scenario_law law;
    double shape_max;
};
extern const struct scn_law scn_laws[4];

extern const struct scn_table campaign_root; /* of a campaign's plan */

/* Calls `each` for every key of a format: "nodes[].votes", with its default as JSON text (NULL:
 * none). */
void scn_format_keys(const struct scn_table *root,
                     void (*each)(void *ctx, const char *path, const char *fallback), void *ctx);

/* Lets go of all that was read into `base` by a table. */
void scn_free_rows(const struct scn_table *table, void *base);

/* Lets go of a list of texts, and leaves an empty one. */
void scn_texts_done(char ***texts, uint32_t *count);

#endif
