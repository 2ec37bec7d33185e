/* The XML part of a picture: used by picture.c, the one place where libxml2 is. */
#ifndef REAL_PICTURE_XML_H
#define REAL_PICTURE_XML_H

#include "real-backend/picture.h"

/* Nodes, roles, options, lock, request: from `cib`, `mon` and `simulate`. Returns 0, -EAGAIN when
 * one of them is no such XML, -ENOMEM. */
int picture_xml_read(struct picture *ret, const struct wire_cluster *cluster);

/* The node of that name, added at the end when it is not there; NULL: no memory. */
struct picture_node *picture_add_node(struct picture *picture, const char *name, const char *id);

/* The request of a store's text (or NULL), unless `done` (an id, or NULL) is not before it. */
void picture_read_request(struct cau_request *ret, const char *text, const char *done);

/* Is `word` one of the list's words, which stand apart by blanks? */
bool picture_has_word(const char *list, const char *word);
/* Adds a word to a malloc'd list (or NULL) unless it is there; false: no memory. */
bool picture_add_word(char **list, const char *word);

#endif
