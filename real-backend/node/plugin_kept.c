/* What installations in a run made of its updates, kept on the node.
 *
 * When the coordinator dies, or the way to it breaks, an installation goes on to its end and nobody
 * hears how it went. The node remembers: each outcome is a line of
 * runs/RUN/installed-PLUGIN.ndjson, written before it is said, and a later scan in the same run
 * says them again. Of one update the last line counts; what is no whole line was being written when
 * the power went. */
#include "real-backend/node/plugin.h"
#include "real-backend/node/say.h"

#include "core/shell/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The file, malloc'd; NULL: outside a run, or no name that can be one of a file. */
static char *path_of(const char *run, const char *plugin, char **ret_folder)
{
    struct cau_guid guid;
    *ret_folder = NULL;
    if (!cau_guid_by_word(run, strlen(run), &guid) || plugin[0] == '\0' ||
        strchr(plugin, '/') != NULL) {
        return NULL;
    }
    *ret_folder = node_path(NODE_STATE "/runs/%s", run);
    return node_path(NODE_STATE "/runs/%s/installed-%s.ndjson", run, plugin);
}

void plugin_kept_add(const char *run, const char *plugin, const struct wire_update *update)
{
    struct wire_said said = {.kind = WIRE_UPDATE, .update = *update};
    char *folder, *path = path_of(run, plugin, &folder);
    struct cau_text line;
    int fd = -1;
    cau_text_init(&line);
    wire_write_said(&line, &said);
    if (path != NULL && folder != NULL && !line.failed && node_make_dir(folder) == 0) {
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    if (fd >= 0) { /* a full disk costs the memory, not the installation */
        (void)!write(fd, line.data, line.size);
        fdatasync(fd);
        close(fd);
    }
    cau_text_done(&line);
    free(folder);
    free(path);
}

struct kept {
    struct wire_said *list;
    size_t count;
};

static void take_line(struct kept *kept, const char *line, size_t size, struct cau_pool *pool)
{
    struct wire_said said = {0}, *longer;
    char *why = NULL;
    if (!wire_read_said(line, size, &said, pool, &why) || said.kind != WIRE_UPDATE) {
        free(why);
        return;
    }
    for (size_t i = 0; i < kept->count; i++) {
        if (strcmp(wire_text(kept->list[i].update.id), wire_text(said.update.id)) == 0) {
            kept->list[i] = said;
            return;
        }
    }
    longer = realloc(kept->list, (kept->count + 1) * sizeof *longer);
    if (longer != NULL) {
        kept->list = longer;
        kept->list[kept->count++] = said;
    }
}

void plugin_kept_say(const char *run, const char *plugin,
                     void (*update)(void *ctx, const struct wire_update *update), void *ctx)
{
    char *folder, *path = path_of(run, plugin, &folder);
    char *text = path == NULL ? NULL : node_read_file(path, NULL);
    struct cau_pool pool = {0};
    struct kept kept = {NULL, 0};
    for (const char *line = text, *end; line != NULL && (end = strchr(line, '\n')) != NULL;
         line = end + 1) {
        take_line(&kept, line, (size_t)(end - line), &pool);
    }
    for (size_t i = 0; i < kept.count; i++) {
        update(ctx, &kept.list[i].update);
    }
    free(kept.list);
    cau_pool_done(&pool);
    free(text);
    free(folder);
    free(path);
}
