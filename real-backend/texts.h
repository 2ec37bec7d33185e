/* What updates are called: the core knows 64 bits, people want words.
 *
 * Filled from what plug-ins offer, kept as a file beside the journal (a journal knows ids only),
 * and asked through cau_names. Also the pins: the version of each name that was offered first, the
 * same for all nodes. */
#ifndef REAL_TEXTS_H
#define REAL_TEXTS_H

#include "core/shell/words.h"
#include "real-backend/node/wire.h"

struct real_texts;

struct real_texts *real_texts_new(void);
void real_texts_free(struct real_texts *texts);

/* Interns an update and returns its 64 bits (never 0); the first texts stay. `plugin` is the index
 * in the plan. */
uint64_t real_texts_add(struct real_texts *texts, uint8_t plugin, const struct wire_update *update);

/* The update of an id, or NULL. Valid until the texts are freed. */
const struct wire_update *real_texts_get(const struct real_texts *texts, uint64_t id);

/* Pins the version of a name for a plug-in unless there is one; returns the pinned version. */
const char *real_texts_pin(struct real_texts *texts, uint8_t plugin, const char *name,
                           const char *version);
uint32_t real_texts_pins(const struct real_texts *texts, uint8_t plugin,
                         const struct wire_pair **ret);

/* What a plug-in offered on a node at its last scan, by id in its order: that is what a STAGE or an
 * INSTALL is about, also for a resumed coordinator that did not scan itself. Valid until the next
 * offer of the same. */
void real_texts_offer(struct real_texts *texts, uint32_t node, uint8_t plugin,
                      const uint64_t *updates, uint32_t count);
uint32_t real_texts_offered(const struct real_texts *texts, uint32_t node, uint8_t plugin,
                            const uint64_t **ret);

/* As one line per update, pin and offer, and back: what a resumed run reads. Called with each new
 * line if `append` is set. */
void real_texts_on_line(struct real_texts *texts,
                        void (*append)(void *ctx, const char *line, size_t size), void *ctx);
int real_texts_read(struct real_texts *texts, const char *data, size_t size, char **reterr_why);

/* For cau_names.update, with cau_names.data = texts. */
void real_texts_of(const struct cau_names *self, uint64_t id, const char **ret_name,
                   const char **ret_title, const char **ret_description);

#endif
