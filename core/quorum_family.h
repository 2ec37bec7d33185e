/* What each family of rules must answer; quorum_family.c asks the one that the cluster goes by.
 * Private to core/quorum*.c; what each function does stands in quorum.h. */
#ifndef CAU_QUORUM_FAMILY_H
#define CAU_QUORUM_FAMILY_H

#include "core/quorum.h"

/* quorum_options.c, quorum.c, quorum_guard.c */
const char *cau_votequorum_refused(const struct cau_quorum_options *options,
                                   const struct cau_quorum_node *nodes, size_t n);
const char *cau_votequorum_check(const struct cau_quorum_options *options,
                                 const struct cau_quorum_node *nodes, size_t n);
void cau_votequorum_init(const struct cau_quorum_options *options, struct cau_quorum_node *nodes,
                         size_t n, struct cau_quorum_rules *ret_rules);
void cau_votequorum_start(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                          uint32_t node, cau_msec now);
void cau_votequorum_change(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                           const uint32_t *members, size_t n_members, const uint32_t *left,
                           size_t n_left, const uint8_t *votes, cau_msec now);
void cau_votequorum_vote(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                         const uint32_t *members, size_t n_members, const uint8_t *votes);
void cau_votequorum_report(const struct cau_quorum_rules *rules, enum cau_quorum_device device,
                           const struct cau_quorum_node *node, struct cau_quorum_facts *ret);
uint32_t cau_votequorum_there(const struct cau_quorum_facts *facts);
bool cau_votequorum_survives(const struct cau_quorum_facts *facts,
                             const struct cau_quorum_going *going);

/* quorum_windows.c */
const char *cau_windows_refused(const struct cau_quorum_options *options,
                                const struct cau_quorum_node *nodes, size_t n);
void cau_windows_init(const struct cau_quorum_options *options, struct cau_quorum_node *nodes,
                      size_t n, struct cau_quorum_rules *ret_rules);
void cau_windows_start(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                       uint32_t node, cau_msec now);
void cau_windows_change(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                        const uint32_t *members, size_t n_members, const uint32_t *left,
                        size_t n_left, const uint8_t *votes, cau_msec now);
void cau_windows_vote(const struct cau_quorum_rules *rules, struct cau_quorum_node *nodes,
                      const uint32_t *members, size_t n_members, const uint8_t *votes);
void cau_windows_report(const struct cau_quorum_rules *rules, enum cau_quorum_device device,
                        const struct cau_quorum_node *node, struct cau_quorum_facts *ret);
uint32_t cau_windows_there(const struct cau_quorum_facts *facts);
bool cau_windows_survives(const struct cau_quorum_facts *facts,
                          const struct cau_quorum_going *going);

#endif
