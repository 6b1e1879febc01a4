/*
 * The offer: what one side of a move is, in the terms both sides compare
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef LPM_COMPAT_OFFER_H
#define LPM_COMPAT_OFFER_H

#include <glib.h>

/*
 * Theory of operation
 *
 * Source and destination describe themselves with the same structure.  The
 * source sends its own as the first record of the migration stream; the
 * destination fills one in for itself at that moment and compares the two
 * (compare.h).  The validator gets both over QMP (query-lpm-offer) and calls
 * the same comparison.  Nothing here knows QEMU: plugin/qemu fills the
 * structure from a machine, validate/facts fills it from JSON.
 *
 * Strings are UTF-8 and at most LPM_OFFER_STRING_MAX bytes; a string that
 * is NULL is a fact that this side could not tell, never an empty value.
 */

#define LPM_OFFER_VERSION         1u
#define LPM_OFFER_MIN_VERSION     1u
#define LPM_OFFER_MAX_BYTES       (256u * 1024)
#define LPM_OFFER_STRING_MAX      255u
#define LPM_OFFER_MODES_MAX       64u
#define LPM_OFFER_CAPS_MAX        128u
#define LPM_OFFER_PAGE_SIZES_MAX  32u
#define LPM_OFFER_BLOCKS_MAX      1024u
#define LPM_OFFER_DEVICES_MAX     4096u
#define LPM_OFFER_WWPNS_MAX       256u
#define LPM_OFFER_LOOKS_MAX       256u
#define LPM_OFFER_LUNS_MAX        1024u
#define LPM_OFFER_MIGCAPS_MAX     64u
#define LPM_OFFER_FEATURES_MAX    128u

/*
 * What the guest does, as the machine can see it.  Of a guest in its kernel's
 * debugger it sees that an operating system runs.
 */
#define LPM_GUEST_RUNNING         "running"
#define LPM_GUEST_OPENBOOT        "openboot-running"

/*
 * One machine capability, effective value (given on the command line or not).
 * @level is QEMU's number, @value its name for people ("off", "workaround").
 * An incoming guest needs the destination's level to be at least the source's.
 */
typedef struct LpmOfferCap {
    char *name;             /* "cap-cfpc" */
    char *value;
    guint64 level;
} LpmOfferCap;

/* One migratable RAM block; sizes in bytes. */
typedef struct LpmOfferBlock {
    char *name;             /* QEMU's idstr: "ppc_spapr.ram" */
    guint64 size;           /* used now */
    guint64 max_size;       /* it may grow to this while loading */
    guint64 page_size;      /* of the host memory behind it */
} LpmOfferBlock;

/* One section of device state that the source sends or the other can load. */
typedef struct LpmOfferDevice {
    char *id;               /* savevm idstr */
    guint32 instance;
    guint32 version;
    guint32 min_version;    /* oldest version that this side loads */
    /*
     * Known, but would not be sent now: a destination lists what it could
     * load.  A source leaves such sections out, so the record has no such
     * flag.
     */
    gboolean optional;
} LpmOfferDevice;

/* A virtual Fibre Channel adapter's pair; paired by @reg. */
typedef struct LpmOfferWwpn {
    guint64 wwpn[2];
    guint32 reg;            /* the adapter's unit address */
    guint32 active;         /* 1 or 2; 0 = neither is logged in */
} LpmOfferWwpn;

/*
 * That an adapter's storage was looked at, by a login of one of its WWPNs.
 * No look: nobody can tell which LUNs there are.
 */
typedef struct LpmOfferLook {
    guint64 wwpn;           /* that was logged in */
    guint64 max_transfer;   /* bytes of one command of the adapter */
    guint32 reg;
    char *failure;          /* why it is not complete; NULL: it is */
} LpmOfferLook;

/* A LUN that a look found. */
typedef struct LpmOfferLun {
    guint64 target;         /* its WWPN */
    guint64 blocks;         /* 0: has none, as a tape */
    guint64 max_transfer;   /* bytes of one command; 0: states no limit */
    guint32 reg;            /* of the adapter */
    guint32 lun;
    guint32 block_bytes;
    char *name;             /* of the target, for people */
    char *identity;         /* as lpm_scsi_identity(); NULL: has none */
    char *reserved;         /* as lpm_scsi_reservation(); NULL: is not */
} LpmOfferLun;

/* A number of which 0 is a value like any other. */
typedef struct LpmOfferNumber {
    gboolean known;
    guint32 value;
} LpmOfferNumber;

typedef struct LpmOffer {
    guint32 version;        /* of the record as written by its sender */
    guint32 min_version;    /* oldest reader that understands it */

    char *arch;             /* "ppc64", "sparc64": QEMU's target name */
    char *qemu_version;     /* "10.0.13" */
    char *machine;          /* "pseries-10.0" */
    char *name;             /* guest name, for people */
    char *uuid;             /* guest UUID, for people */
    char *run_state;        /* QEMU RunState: "running", "inmigrate" */
    char *guest_state;      /* what the guest does: LPM_GUEST_* */

    /* Processor */
    char *cpu_model;        /* "power10_v2.0" */
    guint32 pvr;            /* raw PVR, 0 = not a POWER processor */
    guint32 pvr_mask;       /* bits of pvr that must agree for raw mode */
    char *preferred_mode;   /* "default" or a mode name (mode.h) */
    char *current_mode;     /* "raw" (no mode negotiated) or a mode name */
    GPtrArray *modes;       /* char *: modes that this CPU can run */
    guint32 cpus;           /* vCPUs present */
    guint32 max_cpus;
    guint32 sockets, cores, threads;
    guint32 vsmt;           /* 0 = not a pseries machine */
    GArray *caps;           /* LpmOfferCap */

    /*
     * Processor, of SPARC only.  Who tells the class tells the features: with
     * it, an empty list is that there are none.
     */
    char *cpu_arch;         /* class (class.h), "native" without one */
    GPtrArray *cpu_features; /* char *: those that the guest sees */
    guint64 cpu_version;    /* %ver that the guest reads; 0 = has none */
    guint32 nwindows;       /* register windows */
    LpmOfferNumber mmu_version; /* QEMU's: 0 is UltraSPARC I and II */
    guint32 max_trap_level;

    /* Interrupts and memory management */
    char *ic_mode;          /* "xics", "xive", "dual": what the machine has */
    char *ic_current;       /* "xics" or "xive": what the guest uses */
    char *mmu_current;      /* "hash" or "radix": what the guest uses */
    GPtrArray *mmu_modes;   /* char *: what the machine can give */
    GArray *page_sizes;     /* guint64, bytes: base page sizes for guests */
    guint32 target_page_size;

    GArray *blocks;         /* LpmOfferBlock */
    GArray *devices;        /* LpmOfferDevice */
    GArray *wwpns;          /* LpmOfferWwpn */
    GArray *looks;          /* LpmOfferLook */
    GArray *luns;           /* LpmOfferLun */

    /* Migration settings that both ends must share */
    gboolean multifd;
    guint32 channels;       /* multifd channels, 0 without multifd */
    char *compression;      /* MultiFDCompression name */
    GPtrArray *migration_caps; /* char *: enabled capabilities, sorted */
    guint32 codec_version;  /* of the lpm page frame; 0 = codec absent */
    guint32 codec_frame_bytes; /* largest frame payload understood */
} LpmOffer;

/**
 * lpm_offer_new:
 *
 * Returns: (transfer full): an offer of this version with empty lists and
 * every other field absent (NULL or 0).
 * Threads: any.
 */
LpmOffer *lpm_offer_new(void);

/**
 * lpm_offer_free:
 * @offer: (nullable): freed with all that it holds
 */
void lpm_offer_free(LpmOffer *offer);

/**
 * lpm_offer_add_cap:
 * @offer: to append to
 * @name: copied
 * @level: QEMU's numeric value
 * @value: (nullable): copied; what people call that level
 */
void lpm_offer_add_cap(LpmOffer *offer, const char *name, guint64 level,
                       const char *value);

/** lpm_offer_add_block: sizes in bytes; @name is copied. */
void lpm_offer_add_block(LpmOffer *offer, const char *name, guint64 size,
                         guint64 max_size, guint64 page_size);

/** lpm_offer_add_device: @id is copied; not optional until that is set. */
void lpm_offer_add_device(LpmOffer *offer, const char *id, guint32 instance,
                          guint32 version, guint32 min_version);

/** lpm_offer_add_look: @failure: (nullable): copied. */
void lpm_offer_add_look(LpmOffer *offer, guint32 reg, guint64 wwpn,
                        guint64 max_transfer, const char *failure);

/** lpm_offer_add_lun: @lun is copied with its strings. */
void lpm_offer_add_lun(LpmOffer *offer, const LpmOfferLun *lun);

/**
 * lpm_offer_encode:
 * @offer: to write; not changed
 * @error: set on failure
 *
 * Write one record, big endian, as FORMATS.md section 1 says.
 *
 * Returns: (transfer full) (nullable): the record, at most
 * LPM_OFFER_MAX_BYTES bytes.
 * Errors: LIMIT (a list or string above its bound), MALFORMED (a string that
 * is not plain UTF-8 text, or the name of a list item is empty).
 * An empty string elsewhere is written as an absent one.
 * Threads: any; no global state.  Source: FORMATS.md 1.
 */
GBytes *lpm_offer_encode(const LpmOffer *offer, GError **error);

/**
 * lpm_offer_decode:
 * @buf: @len bytes from the peer, any alignment, untrusted
 * @len: in bytes
 * @error: set on failure
 *
 * Returns: (transfer full) (nullable): the offer.  Fields that the sender's
 * newer version added and marked ignorable are skipped.
 * Errors: TRUNCATED, MALFORMED, LIMIT, UNSUPPORTED (the sender's min_version
 * is above ours, or an unknown field that must be understood).
 * Threads: any; no global state.  Source: FORMATS.md 1.
 */
LpmOffer *lpm_offer_decode(const guint8 *buf, gsize len, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LpmOffer, lpm_offer_free)

#endif /* LPM_COMPAT_OFFER_H */
