/*
 * Conditions over facts: expressions as data, in three-valued logic
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_EXPR_H
#define LPM_EXPR_H

#include <glib.h>

#include "facts/facts.h"

/*
 * Theory of operation
 *
 * The condition of a rule is a tree of static data that, with the words of
 * words.h, reads like the manual's sentence:
 *
 *   IF(EQ(PART(MEM_MODE), TXT("shared")), IS(DST_POOL(EXISTS)))
 *
 * It is true, false, or unknown: a fact that is absent is unknown, and what
 * depends on it is unknown too, unless the other operands settle it (Kleene:
 * false AND unknown is false).  So an absent fact can never make a condition
 * true.  The tree, not a function, is what a rule has, so that the facts it
 * needs can be listed, and each of its operands be flipped by a test.
 *
 * Values: numbers (in thousandths, so that 0.05 is exact), texts, versions,
 * lists of strings; booleans are conditions.  EACH() and SOME() go through a
 * list of records; below them IT(RECORD, FIELD) is a field of the element
 * at hand and UP(RECORD, FIELD) one of the element of the list outside.
 */

typedef enum LpmTruth {
    LPM_NO,
    LPM_YES,
    LPM_UNKNOWN,
} LpmTruth;

/* Whose field it is. */
typedef enum LpmAnchor {
    LPM_AT_NONE,
    LPM_AT_SRC,         /* SYSTEM */
    LPM_AT_DST,
    LPM_AT_SRC_CONSOLE, /* CONSOLE of a SYSTEM */
    LPM_AT_DST_CONSOLE,
    LPM_AT_SRC_POOL,    /* POOL of a SYSTEM */
    LPM_AT_DST_POOL,
    LPM_AT_SRC_QEMU,    /* QEMU of a SYSTEM */
    LPM_AT_DST_QEMU,
    LPM_AT_PART,        /* the PARTITION that is to move */
    LPM_AT_MOVE,        /* MOVE */
    LPM_AT_IT,          /* element of the innermost list */
    LPM_AT_UP,          /* element of the list outside that */
    LPM_AT__MAX,
} LpmAnchor;

typedef enum LpmOp {
    /* conditions */
    LPM_OP_IS,          /* a bool fact is true */
    LPM_OP_KNOWN,       /* a fact is present; never unknown */
    LPM_OP_GIVEN,       /* the same, but unknown while it is absent */
    LPM_OP_NOT,
    LPM_OP_AND,
    LPM_OP_OR,
    LPM_OP_IF,          /* the first, then the second */
    LPM_OP_EQ,
    LPM_OP_NE,
    LPM_OP_LT,
    LPM_OP_LE,
    LPM_OP_GT,
    LPM_OP_GE,
    LPM_OP_IN,          /* a text is one of the words in text */
    LPM_OP_PREFIX,      /* a text begins with one of the words in text */
    LPM_OP_HAS,         /* strings hold a text */
    LPM_OP_SUBSET,      /* strings are all among strings */
    LPM_OP_DISJOINT,    /* strings have none in common with strings */
    LPM_OP_EMPTY,       /* a list, or strings */
    LPM_OP_EACH,        /* of a list's elements the condition holds */
    LPM_OP_SOME,        /* of one element at least */
    LPM_OP_CALL,        /* a C function decides */
    /* values */
    LPM_OP_FACT,
    LPM_OP_NUMBER,
    LPM_OP_TEXT,
    LPM_OP_VERSION,
    LPM_OP_COUNT,       /* of a list's elements: for how many it holds */
    LPM_OP_LENGTH,      /* of a list or strings */
    LPM_OP_SUM,         /* of a value over a list's elements */
    LPM_OP_MOST,        /* the largest of a value; 0 for an empty list */
    LPM_OP_ADD,
    LPM_OP_SUB,         /* not below 0 */
    LPM_OP_MUL,
    LPM_OP_DIV,         /* rounded down to a whole number */
} LpmOp;

typedef struct LpmExpr LpmExpr;
typedef struct LpmEval LpmEval;

struct LpmExpr {
    LpmOp op;
    LpmAnchor anchor;               /* FACT, IS, KNOWN, and lists */
    LpmField field;
    gint64 number;                  /* NUMBER, in thousandths */
    const char *text;               /* TEXT, VERSION, IN, PREFIX; CALL's */
    LpmTruth (*call)(LpmEval *eval);
    const LpmExpr *const *args;     /* ends with NULL */
};

/** lpm_anchor_name: "source.console"; "" for elements of lists. */
const char *lpm_anchor_name(LpmAnchor anchor);

/* A fact that a verdict rests on. */
typedef struct LpmKnown {
    char *path;     /* "partition.disks[hdisk0].volume" */
    char *value;
    char *origin;
} LpmKnown;

/* So that a report on a server of thousands of adapters can be read. */
#define LPM_KNOWN_MAX  64

/** lpm_known_new: Returns: (transfer full): of LpmKnown *, empty. */
GPtrArray *lpm_known_new(void);

/** lpm_known_add: @path, @value: (transfer full); @origin: (nullable). */
void lpm_known_add(GPtrArray *known, char *path, char *value,
                   const char *origin);

/* What an evaluation found. */
typedef struct LpmFound {
    LpmTruth truth;
    char *seen;     /* "destination.lmb-size-mib: 128; ..."; or NULL */
    char *missing;  /* first absent fact and why, if truth is UNKNOWN */
    const LpmExpr *absent;  /* that fact, if it is an operand; or NULL */
    GPtrArray *facts;       /* LpmKnown *, LPM_KNOWN_MAX at most; or NULL */
} LpmFound;

/* What is to be told besides the truth, and what is missing if UNKNOWN. */
typedef enum LpmWant {
    LPM_WANT_FAILS  = 1 << 0,   /* what was seen when it is NO */
    LPM_WANT_PASSES = 1 << 1,   /* what was seen when it is YES */
    LPM_WANT_FACTS  = 1 << 2,   /* the list of facts */
} LpmWant;

/** lpm_found_clear: frees the texts. */
void lpm_found_clear(LpmFound *found);

/**
 * lpm_expr_eval:
 * @expr: a condition
 * @want: LpmWant bits
 *
 * Pure.  Threads: any.
 */
LpmFound lpm_expr_eval(const LpmExpr *expr, const LpmFacts *facts,
                       guint want);

/**
 * lpm_expr_facts: every FACT below @expr, once each, in order of reading.
 *
 * Returns: (transfer container): const LpmExpr *.
 */
GPtrArray *lpm_expr_facts(const LpmExpr *expr);

/** lpm_expr_fact_name: (transfer full): "partition.disks[].volume". */
char *lpm_expr_fact_name(const LpmExpr *fact);

/**
 * lpm_expr_text:
 *
 * Returns: (transfer full): the condition for people:
 * "partition.memory-mode = shared -> destination.ame-capable".
 */
char *lpm_expr_text(const LpmExpr *expr);

/**
 * lpm_expr_check:
 *
 * Whether the tree is well formed: operands of the right number and types,
 * IT() and UP() only where there is such an element, versions that parse.
 *
 * Returns: (transfer full) (nullable): what is wrong, NULL if nothing is.
 */
char *lpm_expr_check(const LpmExpr *expr);

/* For functions of CALL. */

/** lpm_eval_fact: the value of argument @i, a FACT; NULL: absent, noted. */
const LpmValue *lpm_eval_fact(LpmEval *eval, guint i);

/** lpm_eval_miss: says what is absent; the first that is said is shown. */
void lpm_eval_miss(LpmEval *eval, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

/** lpm_eval_element: (nullable): the element at hand, as IT() has it. */
const LpmNode *lpm_eval_element(const LpmEval *eval);

/** lpm_eval_facts: all facts. */
const LpmFacts *lpm_eval_facts(const LpmEval *eval);

/** lpm_eval_see: adds to what the report shows as found. */
void lpm_eval_see(LpmEval *eval, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

#ifdef LPM_MUTATE
/* For tests only: this condition's yes and no are exchanged. */
extern const LpmExpr *lpm_expr_mutant;

/** lpm_expr_conditions: every condition below @expr, itself included. */
GPtrArray *lpm_expr_conditions(const LpmExpr *expr);
#endif

#endif /* LPM_EXPR_H */
