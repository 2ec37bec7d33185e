/* Where the families of rules part: one row each, and nothing but this file asks which it is. */
#include "core/quorum_family.h"

#include <assert.h>

struct family {
    const char *(*refused)(const struct cau_quorum_options *, const struct cau_quorum_node *,
                           size_t);
    const char *(*check)(const struct cau_quorum_options *, const struct cau_quorum_node *, size_t);
    void (*init)(const struct cau_quorum_options *, struct cau_quorum_node *, size_t,
                 struct cau_quorum_rules *);
    void (*start)(const struct cau_quorum_rules *, struct cau_quorum_node *, uint32_t, cau_msec);
    void (*change)(const struct cau_quorum_rules *, struct cau_quorum_node *, const uint32_t *,
                   size_t, const uint32_t *, size_t, const uint8_t *, cau_msec);
    void (*vote)(const struct cau_quorum_rules *, struct cau_quorum_node *, const uint32_t *,
                 size_t, const uint8_t *);
    void (*report)(const struct cau_quorum_rules *, enum cau_quorum_device,
                   const struct cau_quorum_node *, struct cau_quorum_facts *);
    uint32_t (*there)(const struct cau_quorum_facts *);
    bool (*survives)(const struct cau_quorum_facts *, const struct cau_quorum_going *);
};

static const struct family families[] = {
    [CAU_QUORUM_VOTEQUORUM] = {cau_votequorum_refused, cau_votequorum_check, cau_votequorum_init,
                               cau_votequorum_start, cau_votequorum_change, cau_votequorum_vote,
                               cau_votequorum_report, cau_votequorum_there,
                               cau_votequorum_survives},
    [CAU_QUORUM_WINDOWS] = {cau_windows_refused, cau_windows_refused, cau_windows_init,
                            cau_windows_start, cau_windows_change, cau_windows_vote,
                            cau_windows_report, cau_windows_there, cau_windows_survives},
};

static const struct family *family_of(enum cau_quorum_family family)
{
    assert(family <= CAU_QUORUM_WINDOWS);
    return &families[family];
}

/* Options that the other family has. */
static const char *strangers(const struct cau_quorum_options *options)
{
    bool arbitration = options->device == CAU_QUORUM_DEVICE_ARBITRATION;
    bool qdevice = options->device != CAU_QUORUM_DEVICE_NONE && !arbitration;

    switch (options->family) {
    case CAU_QUORUM_VOTEQUORUM:
        return options->dynamic_quorum || options->dynamic_witness || arbitration
                   ? "dynamic quorum, dynamic witness and arbitration go with Windows' rules only"
                   : NULL;
    case CAU_QUORUM_WINDOWS:
        return options->expected_votes || options->two_node ||
                       options->wait_for_all != CAU_QUORUM_UNSET || options->last_man_standing ||
                       options->auto_tie_breaker || options->allow_downscale ||
                       options->expected_votes_tracking || qdevice ||
                       options->device_votes != CAU_QUORUM_NONE
                   ? "options of corosync.conf do not go with Windows' rules"
                   : NULL;
    }
    return NULL;
}

const char *cau_quorum_refused(const struct cau_quorum_options *options,
                               const struct cau_quorum_node *nodes, size_t n)
{
    const char *why = strangers(options);

    return why ? why : family_of(options->family)->refused(options, nodes, n);
}

const char *cau_quorum_check(const struct cau_quorum_options *options,
                             const struct cau_quorum_node *nodes, size_t n)
{
    const char *why = strangers(options);

    return why ? why : family_of(options->family)->check(options, nodes, n);
}

void cau_quorum_init(const struct cau_quorum_options *options, struct cau_quorum_node *nodes,
                     size_t n, struct cau_quorum_rules *ret_rules)
{
    assert(!cau_quorum_refused(options, nodes, n));
    family_of(options->family)->init(options, nodes, n, ret_rules);
}

void cau_quorum_start(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                      uint32_t node, cau_msec now)
{
    family_of(rules->family)->start(rules, nodes, node, now);
}

void cau_quorum_change(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                       const uint32_t *members, size_t n_members, const uint32_t *left,
                       size_t n_left, const uint8_t *votes, cau_msec now)
{
    family_of(rules->family)->change(rules, nodes, members, n_members, left, n_left, votes, now);
}

void cau_quorum_vote(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                     const uint32_t *members, size_t n_members, const uint8_t *votes)
{
    family_of(rules->family)->vote(rules, nodes, members, n_members, votes);
}

void cau_quorum_report(const struct cau_quorum_rules *rules, enum cau_quorum_device device,
                       const struct cau_quorum_node *node, struct cau_quorum_facts *ret)
{
    family_of(rules->family)->report(rules, device, node, ret);
}

uint32_t cau_quorum_there(const struct cau_quorum_facts *facts)
{
    return family_of(facts->family)->there(facts);
}

bool cau_quorum_survives(const struct cau_quorum_facts *facts, const struct cau_quorum_going *going)
{
    return family_of(facts->family)->survives(facts, going);
}
