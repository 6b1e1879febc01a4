/*
 * What I/O servers have, for functions of CALL: volumes, ports, adapters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_RULES_LOOKUP_H
#define LPM_RULES_LOOKUP_H

#include "rules/expr.h"

/*
 * A disk names a volume of an I/O server, a Fibre Channel adapter a port of
 * one: names that mean something on one side only.  These functions follow
 * such a name, and go through a list of every I/O server of a side.  What is
 * absent on the way is said with lpm_eval_miss(), so that the caller only
 * has to return LPM_UNKNOWN.
 */

/* An element of a list of an I/O server. */
typedef struct LpmPlace {
    LpmSide side;
    const LpmNode *server;
    LpmField list;          /* of IOSERVER */
    const LpmNode *node;
} LpmPlace;

/** lpm_place_value: @field of the element; NULL: absent, and said. */
const LpmValue *lpm_place_value(LpmEval *eval, const LpmPlace *place,
                                LpmField field);

/** lpm_place_show: adds the field to what the report shows as found. */
void lpm_place_show(LpmEval *eval, const LpmPlace *place, LpmField field);

/**
 * lpm_place_find:
 * @ret_place: set if YES is returned
 *
 * Returns: NO if the list of that server is known and has no such element.
 */
LpmTruth lpm_place_find(LpmEval *eval, LpmSide side, const char *server,
                        LpmField list, const char *key,
                        LpmPlace *ret_place);

/* Goes through a list of every I/O server of a side. */
typedef struct LpmPlaces {
    LpmEval *eval;
    const GPtrArray *servers;   /* NULL: absent */
    const GPtrArray *items;     /* of the server at hand */
    guint next_server;
    guint next_item;
    LpmField field;             /* 0, or only candidates whose field ... */
    const char *text;           /* ... is this */
    LpmPlace at;
    gboolean complete;          /* no list was absent */
} LpmPlaces;

/** lpm_places_begin: then lpm_places_next() until it is false. */
void lpm_places_begin(LpmPlaces *places, LpmEval *eval, LpmSide side,
                      LpmField list);

/**
 * lpm_places_begin_with: may leave out elements whose STRING field @field is
 * known and not @text; so it is quick in long lists.
 */
void lpm_places_begin_with(LpmPlaces *places, LpmEval *eval, LpmSide side,
                           LpmField list, LpmField field, const char *text);

/** lpm_places_next: the next element is in places->at. */
gboolean lpm_places_next(LpmPlaces *places);

/** lpm_address_equal: MAC addresses or WWPNs, however they are written. */
gboolean lpm_address_equal(const char *a, const char *b);

/** lpm_strings_same: whether both hold the same texts, in any order. */
gboolean lpm_strings_same(const GPtrArray *a, const GPtrArray *b);

/**
 * lpm_is_same_guest: the mobile partition as the destination has it: a
 * definition that is kept there, or a QEMU that waits for it.
 */
gboolean lpm_is_same_guest(LpmEval *eval, const LpmNode *partition);

#endif /* LPM_RULES_LOOKUP_H */
