/*
 * The words that conditions of rules are written in (see expr.h)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Only for files that hold rows: the words are short and common.
 */
#ifndef LPM_RULES_WORDS_H
#define LPM_RULES_WORDS_H

#include "rules/expr.h"

#define LPM_ARGS(...)  ((const LpmExpr *const []) { __VA_ARGS__, NULL })
#define LPM_E(...)     (&(const LpmExpr) { __VA_ARGS__ })
#define LPM_FACT(at, record, name) \
    LPM_E(.op = LPM_OP_FACT, .anchor = LPM_AT_##at, \
          .field = LPM_##record##_##name)
#define LPM_OPS(o, ...)  LPM_E(.op = LPM_OP_##o, .args = LPM_ARGS(__VA_ARGS__))

/* Facts */
#define SRC(name)        LPM_FACT(SRC, SYSTEM, name)
#define DST(name)        LPM_FACT(DST, SYSTEM, name)
#define SRC_CON(name)    LPM_FACT(SRC_CONSOLE, CONSOLE, name)
#define DST_CON(name)    LPM_FACT(DST_CONSOLE, CONSOLE, name)
#define SRC_POOL(name)   LPM_FACT(SRC_POOL, POOL, name)
#define DST_POOL(name)   LPM_FACT(DST_POOL, POOL, name)
#define SRC_QEMU(name)   LPM_FACT(SRC_QEMU, QEMU, name)
#define DST_QEMU(name)   LPM_FACT(DST_QEMU, QEMU, name)
#define PART(name)       LPM_FACT(PART, PARTITION, name)
#define MOVE(name)       LPM_FACT(MOVE, MOVE, name)
#define IT(record, name) LPM_FACT(IT, record, name)
#define UP(record, name) LPM_FACT(UP, record, name)

/* Constants.  NUM takes whole numbers, MILLI thousandths. */
#define NUM(n)    LPM_E(.op = LPM_OP_NUMBER, .number = (n) * G_GINT64_CONSTANT(1000))
#define MILLI(n)  LPM_E(.op = LPM_OP_NUMBER, .number = (n))
#define TXT(s)    LPM_E(.op = LPM_OP_TEXT, .text = (s))
#define VER(s)    LPM_E(.op = LPM_OP_VERSION, .text = (s))

/* Conditions */
#define IS(fact)          LPM_OPS(IS, fact)
#define KNOWN(fact)       LPM_OPS(KNOWN, fact)
#define GIVEN(fact)       LPM_OPS(GIVEN, fact)
#define NOT(cond)         LPM_OPS(NOT, cond)
#define AND(...)          LPM_OPS(AND, __VA_ARGS__)
#define OR(...)           LPM_OPS(OR, __VA_ARGS__)
#define IF(cond, then)    LPM_OPS(IF, cond, then)
#define EQ(a, b)          LPM_OPS(EQ, a, b)
#define NE(a, b)          LPM_OPS(NE, a, b)
#define LT(a, b)          LPM_OPS(LT, a, b)
#define LE(a, b)          LPM_OPS(LE, a, b)
#define GT(a, b)          LPM_OPS(GT, a, b)
#define GE(a, b)          LPM_OPS(GE, a, b)
#define IN(fact, words) \
    LPM_E(.op = LPM_OP_IN, .text = (words), .args = LPM_ARGS(fact))
#define PREFIX(fact, words) \
    LPM_E(.op = LPM_OP_PREFIX, .text = (words), .args = LPM_ARGS(fact))
#define HAS(list, value)  LPM_OPS(HAS, list, value)
#define SUBSET(a, b)      LPM_OPS(SUBSET, a, b)
#define DISJOINT(a, b)    LPM_OPS(DISJOINT, a, b)
#define EMPTY(list)       LPM_OPS(EMPTY, list)
#define EACH(list, cond)  LPM_OPS(EACH, list, cond)
#define SOME(list, cond)  LPM_OPS(SOME, list, cond)
/* What the list above cannot say.  The facts that it reads are listed. */
#define CALL(function, says, ...) \
    LPM_E(.op = LPM_OP_CALL, .call = (function), .text = (says), \
          .args = LPM_ARGS(__VA_ARGS__))

/* Numbers */
#define COUNT(list, cond)  LPM_OPS(COUNT, list, cond)
#define LENGTH(list)       LPM_OPS(LENGTH, list)
#define SUM(list, value)   LPM_OPS(SUM, list, value)
#define MOST(list, value)  LPM_OPS(MOST, list, value)
#define ADD(a, b)          LPM_OPS(ADD, a, b)
#define SUB(a, b)          LPM_OPS(SUB, a, b)
#define MUL(a, b)          LPM_OPS(MUL, a, b)
#define DIV(a, b)          LPM_OPS(DIV, a, b)

#endif /* LPM_RULES_WORDS_H */
