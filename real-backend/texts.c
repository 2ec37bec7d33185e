/* What updates are called: see texts.h.
 *
 * An id is a hash of plug-in and the plug-in's own id, so that two coordinators, and a resumed one,
 * call the same update the same; the rare second update with a hash that is taken gets the next
 * number that is free, and the lines on the disk keep it. */
#include "real-backend/texts.h"

#include "core/shell/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct wire_update update;
    uint64_t id; /* 0: no entry */
    uint8_t plugin;
};

/* What a node's plug-in offered last. */
struct offer {
    uint64_t *updates;
    uint32_t node, count;
    uint8_t plugin;
};

struct pins {
    struct wire_pair *list;
    uint32_t count;
};

struct real_texts {
    struct entry **entries; /* by hash, never more than half full */
    size_t entry_count, entry_size;
    struct pins pins[CAU_PLUGINS_MAX];
    struct offer *offers;
    size_t offer_count;
    void (*append)(void *ctx, const char *line, size_t size);
    void *ctx;
};

/* One line of the file: an update, a pin, or what a node was offered. */
struct line {
    uint64_t id; /* of the update; 0 = not an update */
    const char *update, *name, *version, *title, *description;
    const char *pin; /* a name whose version is `version`; NULL = not a pin */
    const struct ref *offered;
    uint64_t size;
    uint32_t node, offered_count; /* node: CAU_NO_NODE = not an offer */
    uint8_t plugin;
    bool restart, long_restart_hint, feature_set;
};
struct ref {
    uint64_t id;
};

static const struct cau_field list_ref[] = {NEEDED(struct ref, id, HEX)};
TABLE(static, struct ref, ref);

static const struct cau_field list_line[] = {
    PLAIN(struct line, id, HEX),
    ALWAYS(struct line, plugin, UINT),
    PLAIN(struct line, update, TEXT),
    PLAIN(struct line, name, TEXT),
    PLAIN(struct line, pin, TEXT),
    PLAIN(struct line, version, TEXT),
    PLAIN(struct line, title, TEXT),
    PLAIN(struct line, description, TEXT),
    PLAIN(struct line, size, UINT),
    PLAIN(struct line, restart, BOOL),
    PLAIN(struct line, long_restart_hint, BOOL),
    PLAIN(struct line, feature_set, BOOL),
    PLAIN(struct line, node, MAYBE),
    LIST(struct line, offered, ref, offered_count),
};
TABLE(static, struct line, line);

static void *checked(void *memory)
{
    if (memory == NULL) {
        abort(); /* a run that cannot say what it installs must not go on */
    }
    return memory;
}

static char *copy(const char *text)
{
    return text == NULL ? NULL : checked(strdup(text));
}

static void say(struct real_texts *texts, const struct line *line)
{
    if (texts->append != NULL) {
        struct cau_text text;
        cau_text_init(&text);
        cau_fields_write(&text, &cau_fields_line, line);
        cau_text_say(&text, "\n");
        if (!text.failed) {
            texts->append(texts->ctx, text.data, text.size);
        }
        cau_text_done(&text);
    }
}

/* ---- updates ---- */

static uint64_t hash(uint8_t plugin, const char *id)
{
    uint64_t value = (UINT64_C(0xcbf29ce484222325) ^ plugin) * UINT64_C(0x100000001b3);
    for (; *id != '\0'; id++) {
        value = (value ^ (uint8_t)*id) * UINT64_C(0x100000001b3);
    }
    return value == 0 ? 1 : value;
}

/* The place of an id: its entry, or where it would be. */
static struct entry **place_of(const struct real_texts *texts, uint64_t id)
{
    size_t at = (size_t)(id ^ id >> 32) & (texts->entry_size - 1);
    while (texts->entries[at] != NULL && texts->entries[at]->id != id) {
        at = (at + 1) & (texts->entry_size - 1);
    }
    return &texts->entries[at];
}

static void grow(struct real_texts *texts)
{
    struct entry **old = texts->entries;
    size_t size = texts->entry_size;
    if (2 * (texts->entry_count + 1) <= size) {
        return;
    }
    texts->entry_size = size == 0 ? 64 : 2 * size;
    texts->entries = checked(calloc(texts->entry_size, sizeof *texts->entries));
    for (size_t i = 0; i < size; i++) {
        if (old[i] != NULL) {
            *place_of(texts, old[i]->id) = old[i];
        }
    }
    free(old);
}

static void insert(struct real_texts *texts, uint64_t id, uint8_t plugin,
                   const struct wire_update *update)
{
    struct entry *entry = checked(calloc(1, sizeof *entry));
    entry->id = id;
    entry->plugin = plugin;
    entry->update = *update;
    entry->update.id = copy(update->id);
    entry->update.name = copy(wire_text(update->name));
    entry->update.version = copy(wire_text(update->version));
    entry->update.title = copy(wire_text(update->title));
    entry->update.description = copy(wire_text(update->description));
    entry->update.error = 0;
    entry->update.outcome = 0;
    *place_of(texts, id) = entry;
    texts->entry_count++;
    say(texts, &(struct line){.id = id,
                              .plugin = plugin,
                              .update = entry->update.id,
                              .name = entry->update.name,
                              .version = entry->update.version,
                              .title = entry->update.title,
                              .description = entry->update.description,
                              .size = update->size,
                              .node = CAU_NO_NODE,
                              .restart = update->restart,
                              .long_restart_hint = update->long_restart_hint,
                              .feature_set = update->feature_set});
}

uint64_t real_texts_add(struct real_texts *texts, uint8_t plugin, const struct wire_update *update)
{
    uint64_t id = hash(plugin, update->id);
    grow(texts);
    for (;; id = id == UINT64_MAX ? 1 : id + 1) {
        const struct entry *entry = *place_of(texts, id);
        if (entry == NULL) {
            insert(texts, id, plugin, update);
            return id;
        }
        if (entry->plugin == plugin && strcmp(entry->update.id, update->id) == 0) {
            return id;
        }
    }
}

const struct wire_update *real_texts_get(const struct real_texts *texts, uint64_t id)
{
    const struct entry *entry = texts->entry_size == 0 ? NULL : *place_of(texts, id);
    return entry == NULL ? NULL : &entry->update;
}

/* ---- pins ---- */

const char *real_texts_pin(struct real_texts *texts, uint8_t plugin, const char *name,
                           const char *version)
{
    struct pins *pins = &texts->pins[plugin];
    for (uint32_t i = 0; i < pins->count; i++) {
        if (strcmp(pins->list[i].name, name) == 0) {
            return pins->list[i].value;
        }
    }
    pins->list = checked(realloc(pins->list, (pins->count + 1) * sizeof *pins->list));
    struct wire_pair *pin = &pins->list[pins->count++];
    *pin = (struct wire_pair){.name = copy(name), .value = copy(version)};
    say(texts,
        &(struct line){.plugin = plugin, .pin = name, .version = version, .node = CAU_NO_NODE});
    return pin->value;
}

uint32_t real_texts_pins(const struct real_texts *texts, uint8_t plugin,
                         const struct wire_pair **ret)
{
    *ret = texts->pins[plugin].list;
    return texts->pins[plugin].count;
}

/* ---- offers ---- */

static struct offer *offer_of(const struct real_texts *texts, uint32_t node, uint8_t plugin)
{
    for (size_t i = 0; i < texts->offer_count; i++) {
        if (texts->offers[i].node == node && texts->offers[i].plugin == plugin) {
            return &texts->offers[i];
        }
    }
    return NULL;
}

void real_texts_offer(struct real_texts *texts, uint32_t node, uint8_t plugin,
                      const uint64_t *updates, uint32_t count)
{
    struct offer *offer = offer_of(texts, node, plugin);
    if (offer == NULL) {
        texts->offers =
            checked(realloc(texts->offers, (texts->offer_count + 1) * sizeof *texts->offers));
        offer = &texts->offers[texts->offer_count++];
        *offer = (struct offer){.node = node, .plugin = plugin};
    } else if (offer->count == count &&
               (count == 0 || memcmp(offer->updates, updates, count * sizeof *updates) == 0)) {
        return;
    }
    struct ref *refs = checked(calloc((size_t)count + 1, sizeof *refs));
    offer->updates = checked(realloc(offer->updates, ((size_t)count + 1) * sizeof *updates));
    offer->count = count;
    for (uint32_t i = 0; i < count; i++) {
        offer->updates[i] = updates[i];
        refs[i].id = updates[i];
    }
    say(texts,
        &(struct line){.plugin = plugin, .node = node, .offered = refs, .offered_count = count});
    free(refs);
}

uint32_t real_texts_offered(const struct real_texts *texts, uint32_t node, uint8_t plugin,
                            const uint64_t **ret)
{
    const struct offer *offer = offer_of(texts, node, plugin);
    *ret = offer == NULL ? NULL : offer->updates;
    return offer == NULL ? 0 : offer->count;
}

/* ---- lines ---- */

void real_texts_on_line(struct real_texts *texts,
                        void (*append)(void *ctx, const char *line, size_t size), void *ctx)
{
    texts->append = append;
    texts->ctx = ctx;
}

static void take_offer(struct real_texts *texts, const struct line *line)
{
    uint64_t *updates = checked(calloc((size_t)line->offered_count + 1, sizeof *updates));
    for (uint32_t i = 0; i < line->offered_count; i++) {
        updates[i] = line->offered[i].id;
    }
    real_texts_offer(texts, line->node, line->plugin, updates, line->offered_count);
    free(updates);
}

/* Returns false when the line is none of the three. */
static bool take_line(struct real_texts *texts, const struct line *line)
{
    if (line->plugin >= CAU_PLUGINS_MAX) {
        return false;
    }
    if (line->id != 0 && line->update != NULL) {
        struct wire_update update = {.id = line->update,
                                     .name = line->name,
                                     .version = line->version,
                                     .title = line->title,
                                     .description = line->description,
                                     .size = line->size,
                                     .restart = line->restart,
                                     .long_restart_hint = line->long_restart_hint,
                                     .feature_set = line->feature_set};
        grow(texts);
        if (*place_of(texts, line->id) == NULL) {
            insert(texts, line->id, line->plugin, &update);
        }
        return true;
    }
    if (line->pin != NULL && line->version != NULL) {
        real_texts_pin(texts, line->plugin, line->pin, line->version);
        return true;
    }
    if (line->node != CAU_NO_NODE) {
        take_offer(texts, line);
        return true;
    }
    return false;
}

static bool read_line(struct real_texts *texts, const char *text, size_t size, char **reterr_why)
{
    struct cau_json json;
    struct cau_pool pool = {0};
    struct line line;
    cau_json_init(&json, text, size);
    bool read =
        cau_fields_read(&json, &cau_fields_line, &line, &pool, UINT32_MAX) && cau_json_end(&json);
    if (!read) {
        *reterr_why = cau_json_sentence(&json);
    } else if (!take_line(texts, &line)) {
        *reterr_why = cau_sentence("must be an update, a pin or an offer");
        read = false;
    }
    cau_pool_done(&pool);
    return read;
}

int real_texts_read(struct real_texts *texts, const char *data, size_t size, char **reterr_why)
{
    void (*append)(void *, const char *, size_t) = texts->append;
    uint32_t number = 1;
    int rc = 0;
    texts->append = NULL; /* they are written already */
    for (const char *at = data, *end = data + size; rc == 0 && at < end; number++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t length = stop == NULL ? (size_t)(end - at) : (size_t)(stop - at);
        char *why = NULL;
        if (length > 0 && !read_line(texts, at, length, &why)) {
            *reterr_why = cau_sentence("line %u: %s", number, why == NULL ? "" : why);
            free(why);
            rc = -EINVAL;
        }
        at += length + 1;
    }
    texts->append = append;
    return rc;
}

void real_texts_of(const struct cau_names *self, uint64_t id, const char **ret_name,
                   const char **ret_title, const char **ret_description)
{
    const struct wire_update *update = real_texts_get(self->data, id);
    *ret_name = update == NULL ? "" : update->id;
    *ret_title = update == NULL ? "" : update->title;
    *ret_description = update == NULL ? "" : update->description;
}

/* ---- life ---- */

struct real_texts *real_texts_new(void)
{
    return calloc(1, sizeof(struct real_texts));
}

static void free_text(const char *text)
{
    free((void *)(uintptr_t)text);
}

void real_texts_free(struct real_texts *texts)
{
    if (texts == NULL) {
        return;
    }
    for (size_t i = 0; i < texts->entry_size; i++) {
        struct entry *entry = texts->entries[i];
        if (entry != NULL) {
            free_text(entry->update.id);
            free_text(entry->update.name);
            free_text(entry->update.version);
            free_text(entry->update.title);
            free_text(entry->update.description);
            free(entry);
        }
    }
    for (size_t i = 0; i < CAU_PLUGINS_MAX; i++) {
        for (uint32_t k = 0; k < texts->pins[i].count; k++) {
            free_text(texts->pins[i].list[k].name);
            free_text(texts->pins[i].list[k].value);
        }
        free(texts->pins[i].list);
    }
    for (size_t i = 0; i < texts->offer_count; i++) {
        free(texts->offers[i].updates);
    }
    free(texts->offers);
    free(texts->entries);
    free(texts);
}
