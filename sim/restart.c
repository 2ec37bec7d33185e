/* Which kind of restart a node does, and how long it boots then [CAU 7.8].
 *
 * A soft one starts the new kernel from the old one, without the firmware. A node that has nothing
 * to do that with, does not want it, or has an update that needs the firmware, restarts as a whole,
 * and so does one where it fails. */
#include "sim/truth.h"

static enum cau_soft_boot soft_boot(const struct sim_world *w, uint32_t node)
{
    const struct scenario_node *s = &w->scenario->nodes[node];

    if (s->soft_reboot == SOFT_REBOOT_MISSING)
        return CAU_SOFT_NOT_INSTALLED;
    if (s->soft_reboot == SOFT_REBOOT_OPT_OUT || nodes(w)[node].firmware_needed)
        return CAU_SOFT_BYPASSED;
    return CAU_SOFT_ENABLED;
}

static bool soft_fails(struct sim_world *w, uint32_t node)
{
    return sim_chance_happens(&w->chance, w->scenario->nodes[node].soft_reboot_failure, node,
                              SIM_FOR_SOFT_FAILURE, 0,
                              nodes(w)[node].draws[SIM_FOR_SOFT_FAILURE]++);
}

static void choose_plugin(struct sim_world *w, const struct op *o)
{
    const struct cau_options *options = &w->scenario->coordinators[o->coordinator].options;
    const struct scenario_plugin *plugin = scenario_restarter(w->scenario, options);
    struct node *n = &nodes(w)[o->node];

    if (plugin) {
        n->boot_plugin = (uint8_t)(plugin - w->scenario->plugins);
        n->next_boot = CAU_BOOT_CUSTOM;
    }
}

void sim_restart_choose(struct sim_world *w, struct op *o)
{
    struct node *n = &nodes(w)[o->node];

    n->next_boot = CAU_BOOT_FULL;
    o->soft = CAU_SOFT_NOT_ENABLED;
    if (o->mode == CAU_RESTART_CUSTOM) {
        choose_plugin(w, o);
    } else if (o->mode == CAU_RESTART_SOFT) {
        o->soft = (uint8_t)soft_boot(w, o->node);
        if (o->soft == CAU_SOFT_ENABLED && !soft_fails(w, o->node))
            n->next_boot = CAU_BOOT_SOFT;
    }
    o->boot = n->next_boot;
}

sim_nsec sim_restart_boot(struct sim_world *w, uint32_t node)
{
    const struct scenario_node *s = &w->scenario->nodes[node];
    struct node *n = &nodes(w)[node];
    uint8_t kind = n->next_boot;

    n->next_boot = CAU_BOOT_FULL;
    if (kind != CAU_BOOT_SOFT) /* what needed the firmware has had it */
        n->firmware_needed = false;
    if (kind == CAU_BOOT_SOFT)
        return sim_draw_node(w, node, &s->soft_boot, SIM_FOR_SOFT_BOOT);
    if (kind == CAU_BOOT_CUSTOM)
        return sim_draw_node(w, node, &w->scenario->plugins[n->boot_plugin].reboot,
                             SIM_FOR_CUSTOM_BOOT);
    return sim_draw_node(w, node, &s->boot, SIM_FOR_BOOT);
}
