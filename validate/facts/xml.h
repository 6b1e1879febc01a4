/*
 * XML as libvirt writes it: read with bounds, changed, written
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Documents are untrusted: one is refused by a scan (size, tags, UTF-8, no
 * DOCTYPE and so no entities of its own) before libxml2 sees it.
 */
#ifndef LPM_XML_H
#define LPM_XML_H

#include <glib.h>
#include <libxml/parser.h>
#include <libxml/tree.h>

#define LPM_XML_MAX       (4u << 20)    /* bytes of a document */
#define LPM_XML_TAGS_MAX  400000u
#define LPM_XML_TEXT_MAX  4096u         /* of an attribute or a content */

/* libxml2's functions, loaded when first needed: it brings ICU and others. */
#define LPM_XML_CALLS(X) \
    X(ReadMemory) X(FreeDoc) X(DocGetRootElement) X(GetNoNsProp) \
    X(NodeGetContent) X(NewNs) X(NewDocNode) X(AddChild) X(SetProp) \
    X(UnsetProp) X(UnlinkNode) X(FreeNode) X(DocDumpFormatMemoryEnc)

typedef struct LpmXmlCalls {
#define LPM_XML_CALL(name) __typeof__(xml##name) *name;
    LPM_XML_CALLS(LPM_XML_CALL)
#undef LPM_XML_CALL
    __typeof__(xmlFree) *Free;      /* a variable of the library */
} LpmXmlCalls;

/* All NULL until lpm_xml_parse() succeeded once. */
extern LpmXmlCalls lpm_xml;

/**
 * lpm_xml_parse:
 * @title: what it is, for errors: "libvirt URI: domain XML"
 * @xml: untrusted
 * @root: the name that the root element must have
 *
 * White space between elements is dropped.
 *
 * Returns: (transfer full) (nullable): free with lpm_xml_free().
 * Errors: MALFORMED, LIMIT, UNSUPPORTED (no libxml2).  Threads: one loads it.
 */
xmlDoc *lpm_xml_parse(const char *title, const char *xml, const char *root,
                      GError **error);

/** lpm_xml_free: @doc: (nullable). */
void lpm_xml_free(xmlDoc *doc);

/** lpm_xml_is: whether it is an element of that name, in any namespace. */
gboolean lpm_xml_is(const xmlNode *node, const char *name);

/** lpm_xml_is_of: and in the namespace @href. */
gboolean lpm_xml_is_of(const xmlNode *node, const char *name,
                       const char *href);

/** lpm_xml_child: (nullable): the first one; @node: (nullable). */
xmlNode *lpm_xml_child(const xmlNode *node, const char *name);

/**
 * lpm_xml_attr:
 * @node: (nullable)
 *
 * Returns: (transfer full) (nullable): NULL: not there, or too long.
 */
char *lpm_xml_attr(const xmlNode *node, const char *name);

/** lpm_xml_content: as lpm_xml_attr(), without white space at its ends. */
char *lpm_xml_content(const xmlNode *node);

/** lpm_xml_text: (transfer full): the document, indented. */
char *lpm_xml_text(xmlDoc *doc);

typedef xmlDoc LpmXmlDoc;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmXmlDoc, lpm_xml_free)

#endif /* LPM_XML_H */
