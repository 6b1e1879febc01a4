/*
 * What a libvirt daemon said, as it came
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "facts/gather-libvirt.h"

static void domain_free(gpointer opaque)
{
    LpmLibvirtDomain *domain = opaque;

    g_free(domain->name);
    g_free(domain->xml);
    g_free(domain);
}

static void network_free(gpointer opaque)
{
    LpmLibvirtNetwork *network = opaque;

    g_free(network->name);
    g_free(network->xml);
    g_free(network);
}

static void doc_free(gpointer opaque)
{
    LpmLibvirtDoc *doc = opaque;

    g_free(doc->name);
    g_free(doc->xml);
    g_free(doc->pool_xml);
    g_free(doc);
}

LpmLibvirtRaw *lpm_libvirt_raw_new(const char *uri)
{
    LpmLibvirtRaw *raw = g_new0(LpmLibvirtRaw, 1);

    raw->uri = g_strdup(uri);
    raw->pages = g_array_new(FALSE, TRUE, sizeof(LpmLibvirtPages));
    raw->domains = g_ptr_array_new_with_free_func(domain_free);
    raw->networks = g_ptr_array_new_with_free_func(network_free);
    raw->interfaces = g_ptr_array_new_with_free_func(doc_free);
    raw->volumes = g_ptr_array_new_with_free_func(doc_free);
    raw->nodedevs = g_ptr_array_new_with_free_func(doc_free);
    return raw;
}

void lpm_libvirt_raw_free(LpmLibvirtRaw *raw)
{
    if (raw == NULL) {
        return;
    }
    g_free(raw->uri);
    g_free(raw->hostname);
    g_free(raw->capabilities);
    g_free(raw->domcapabilities);
    g_free(raw->why_domcapabilities);
    g_free(raw->why_pages);
    g_free(raw->why_networks);
    g_free(raw->why_interfaces);
    g_free(raw->why_volumes);
    g_free(raw->why_nodedevs);
    g_array_unref(raw->pages);
    g_ptr_array_unref(raw->domains);
    g_ptr_array_unref(raw->networks);
    g_ptr_array_unref(raw->interfaces);
    g_ptr_array_unref(raw->volumes);
    g_ptr_array_unref(raw->nodedevs);
    g_free(raw);
}

LpmLibvirtDomain *lpm_libvirt_raw_domain(LpmLibvirtRaw *raw,
                                         const char *name)
{
    LpmLibvirtDomain *domain = g_new0(LpmLibvirtDomain, 1);

    domain->name = g_strdup(name);
    domain->persistent = LPM_LIBVIRT_NOT_TOLD;
    domain->saved = LPM_LIBVIRT_NOT_TOLD;
    domain->leaves = LPM_LIBVIRT_NOT_TOLD;
    domain->arrives = LPM_LIBVIRT_NOT_TOLD;
    g_ptr_array_add(raw->domains, domain);
    return domain;
}

LpmLibvirtNetwork *lpm_libvirt_raw_network(LpmLibvirtRaw *raw,
                                           const char *name)
{
    LpmLibvirtNetwork *network = g_new0(LpmLibvirtNetwork, 1);

    network->name = g_strdup(name);
    network->active = LPM_LIBVIRT_NOT_TOLD;
    g_ptr_array_add(raw->networks, network);
    return network;
}

LpmLibvirtDoc *lpm_libvirt_raw_interface(LpmLibvirtRaw *raw,
                                         const char *name)
{
    LpmLibvirtDoc *doc = g_new0(LpmLibvirtDoc, 1);

    doc->name = g_strdup(name);
    g_ptr_array_add(raw->interfaces, doc);
    return doc;
}

LpmLibvirtDoc *lpm_libvirt_raw_volume(LpmLibvirtRaw *raw, const char *pool)
{
    LpmLibvirtDoc *doc = g_new0(LpmLibvirtDoc, 1);

    doc->name = g_strdup(pool);
    g_ptr_array_add(raw->volumes, doc);
    return doc;
}

LpmLibvirtDoc *lpm_libvirt_raw_nodedev(LpmLibvirtRaw *raw, const char *name)
{
    LpmLibvirtDoc *doc = g_new0(LpmLibvirtDoc, 1);

    doc->name = g_strdup(name);
    g_ptr_array_add(raw->nodedevs, doc);
    return doc;
}
