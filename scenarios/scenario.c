/* A scenario in memory: letting go of it, its updates' ids, who restarts, can flows meet. */
#include "scenarios/format.h"

#include <stdlib.h>
#include <string.h>

void scn_texts_done(char ***texts, uint32_t *count)
{
    while (*count > 0)
        free((*texts)[--*count]);
    free(*texts);
    *texts = NULL;
}

static void free_row(const struct scn_row *row, void *base)
{
    void *place = (char *)base + row->offset, *array;
    uint32_t count = *(uint32_t *)(void *)((char *)base + row->count_offset);

    switch (row->type) {
    case SCN_OBJECT:
        scn_free_rows(row->table, base);
        return;
    case SCN_POLICY:
        cau_options_done(place);
        return;
    case SCN_TEXTS:
        scn_texts_done(place, (uint32_t *)(void *)((char *)base + row->count_offset));
        return;
    case SCN_LIST:
    case SCN_RESULTS:
    case SCN_NAME:
    case SCN_TEXT:
    case SCN_JSON:
    case SCN_SITES:
    case SCN_NODES:
    case SCN_UPDATES:
        array = *(void **)place;
        break;
    default:
        return;
    }
    for (uint32_t i = 0; i < count && row->type == SCN_LIST; i++)
        scn_free_rows(row->table, (char *)array + (size_t)i * row->table->size);
    for (uint32_t i = 0; i < count && row->type == SCN_RESULTS; i++)
        free(((struct scenario_expect_result *)array)[i].name);
    free(array);
}

void scn_free_rows(const struct scn_table *table, void *base)
{
    for (size_t i = 0; i < table->count; i++)
        free_row(&table->rows[i], base);
}

void scenario_free(struct scenario *scenario)
{
    if (!scenario)
        return;
    scn_free_rows(&scn_root, scenario);
    for (uint32_t i = 0; i < scenario->value_list_count; i++)
        free(scenario->value_lists[i]);
    free(scenario->value_lists);
    free(scenario);
}

const struct scenario_plugin *scenario_restarter(const struct scenario *scenario,
                                                 const struct cau_options *options)
{
    for (uint32_t i = 0; i < scenario->plugin_count; i++) {
        const struct scenario_plugin *plugin = &scenario->plugins[i];
        bool named = options->plugin_name_count == 0;

        for (uint32_t k = 0; k < options->plugin_name_count && !named; k++)
            named = strcmp(options->plugin_names[k], plugin->name) == 0;
        if (named && plugin->reboot.a != SIM_NEVER)
            return plugin;
    }
    return NULL;
}

uint64_t scenario_hash(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

uint64_t scenario_update_id(const char *id)
{
    uint64_t hash = scenario_hash(SCENARIO_HASH, id);

    return hash ? hash : 1;
}

/* Plug-ins that may download something for some node at the same time, counted up to 2. */
static uint32_t downloads(const struct scenario *scenario)
{
    const struct scenario_update *one = NULL;
    uint32_t n = 0;

    for (uint32_t i = 0; i < scenario->update_count && n < 2; i++) {
        const struct scenario_update *update = &scenario->updates[i];
        uint32_t nodes = update->node_count ? update->node_count : scenario->node_count;

        if (update->size == 0)
            continue;
        if (nodes > 1 || (one && (one->plugin != update->plugin || one->node_count != 1 ||
                                  one->nodes[0] != update->nodes[0])))
            n = 2;
        else
            n = 1;
        one = update;
    }
    return n;
}

bool scenario_contended(const struct scenario *scenario, const char **ret_why)
{
    uint32_t loads = downloads(scenario), moves = 0;

    for (uint32_t i = 0; i < scenario->role_count; i++)
        moves += scenario->roles[i].size > 0 && scenario->roles[i].movable;
    if (!scenario->sharing)
        *ret_why = "links are not shared";
    else if (loads > 1)
        *ret_why = "several downloads share links";
    else if (moves > 1)
        *ret_why = "several roles move over shared links";
    else if (loads + moves > 1)
        *ret_why = "a download and a moving role may share a link";
    else if (loads + moves == 1 && scenario->coordinator_count > 1)
        *ret_why = "what one coordinator began may meet what another one begins";
    else
        *ret_why = "at most one transfer is under way at any time";
    return scenario->sharing &&
           (loads + moves > 1 || (loads + moves == 1 && scenario->coordinator_count > 1));
}
