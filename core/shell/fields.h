/* One description per struct, from which both its writing and its reading as JSON follow.
 *
 * A table names each member, its place and its type. Written is what differs from zero, in the
 * order of the table, so that a line is short and stable; read back, what was left out is zero.
 * Nothing is lost: integers of 64 bits are exact, CAU_NEVER is "never", ids that are hashes are
 * hexadecimal strings. Reading is strict: an unknown, doubled or wrong member is a failure with its
 * path. */
#ifndef CAU_FIELDS_H
#define CAU_FIELDS_H

#include "core/shell/json.h"
#include "core/shell/text.h"
#include "core/shell/words.h"

enum cau_field_type {
    /* one number, of `width` bytes */
    CAU_FIELD_BOOL,
    CAU_FIELD_UINT,  /* 1, 2, 4 or 8 bytes */
    CAU_FIELD_INT,   /* 4 or 8 bytes */
    CAU_FIELD_HEX,   /* uint64_t as "0x1f" */
    CAU_FIELD_MSEC,  /* cau_msec; CAU_NEVER is "never" */
    CAU_FIELD_WORD,  /* an enumeration in 1 or 4 bytes, by its words */
    CAU_FIELD_MAYBE, /* uint32_t; left out = UINT32_MAX, zero is written */
    CAU_FIELD_NODE,  /* the same, an index that must be below the number of nodes */
    /* more than a number */
    CAU_FIELD_GUID,
    CAU_FIELD_STRUCT, /* embedded; left out when all of it has its default */
    CAU_FIELD_ARRAY,  /* embedded array of structs, its count beside it */
    CAU_FIELD_LIST,   /* pointer to structs, its count beside it */
    CAU_FIELD_BLOB,   /* pointer to bytes, its size beside it; hexadecimal */
    CAU_FIELD_TEXT,   /* const char *, always written; NULL is read for one left out */
    CAU_FIELD_TEXTS,  /* const char *const *, its count beside it */
};

enum cau_field_flag {
    CAU_FIELD_ALWAYS = 1, /* written with its default as well */
    CAU_FIELD_NEEDED = 2, /* a failure when it is not there */
};

/* A key and at least one zero: copied with this fixed size. */
#define CAU_FIELD_KEY_MAX 32

struct cau_field {
    const char *name;
    char key[CAU_FIELD_KEY_MAX]; /* the name as it is written, with comma, quotes and colon */
    size_t key_size;
    size_t offset;
    size_t count_offset;           /* ARRAY, LIST, BLOB, TEXTS: where the count is */
    const struct cau_words *words; /* WORD */
    const struct cau_fields *sub;  /* STRUCT, ARRAY, LIST */
    uint32_t capacity;             /* ARRAY */
    uint8_t type;                  /* enum cau_field_type */
    uint8_t width;                 /* bytes of the member */
    uint8_t count_width;           /* bytes of the count */
    uint8_t flags;                 /* enum cau_field_flag */
};

struct cau_fields {
    const char *what; /* the struct's name */
    const struct cau_field *list;
    uint32_t count; /* at most 64 */
    size_t size;    /* of the struct */
};

/* What reading has allocated. All zero is an empty one. */
struct cau_pool {
    void **list;
    size_t count, capacity;
};

void cau_pool_clear(struct cau_pool *pool);
void cau_pool_done(struct cau_pool *pool);

/* The first line of a journal. */
struct cau_journal_head {
    uint32_t journal;  /* CAU_JOURNAL_FORMAT */
    uint32_t core;     /* CAU_CORE_VERSION */
    uint32_t progress; /* CAU_PROGRESS_VERSION */
    const char *label;
    struct cau_names names; /* without the texts of updates */
    struct cau_plan plan;
};

extern const struct cau_fields cau_fields_policy;
extern const struct cau_fields cau_fields_quorum;
extern const struct cau_fields cau_fields_plan;
extern const struct cau_fields cau_fields_facts;
extern const struct cau_fields cau_fields_view;
extern const struct cau_fields cau_fields_lock;
extern const struct cau_fields cau_fields_update;
extern const struct cau_fields cau_fields_result;
extern const struct cau_fields cau_fields_record;
extern const struct cau_fields cau_fields_event;
extern const struct cau_fields cau_fields_action;
extern const struct cau_fields cau_fields_head;

/* Adds the struct at `value` as one JSON object without white space. */
void cau_fields_write(struct cau_text *text, const struct cau_fields *fields, const void *value);

/* Reads one JSON object into the struct at `ret`, all of which is set. Lists and texts live as long
 * as `pool`; node indexes must be below `node_limit`. Returns false after a failure, which `json`
 * has. */
bool cau_fields_read(struct cau_json *json, const struct cau_fields *fields, void *ret,
                     struct cau_pool *pool, uint32_t node_limit);

#endif
