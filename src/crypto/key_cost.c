#include "crypto/key_cost.h"

#include <openssl/asn1t.h>
#include <stdbool.h>
#include <stdint.h>

static sally_error check_scrypt(const ASN1_TYPE *parameters, uint64_t bound)
{
    SCRYPT_PARAMS *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameters);
    uint64_t n = 0, r = 0, parallel = 0;
    sally_error error = SALLY_E_LIMIT; /* numbers of more than 64 bits as well */
    if (!p)
        return SALLY_E_PARSE;
    if (ASN1_INTEGER_get_uint64(&n, p->costParameter) == 1 &&
        ASN1_INTEGER_get_uint64(&r, p->blockSize) == 1 &&
        ASN1_INTEGER_get_uint64(&parallel, p->parallelizationParameter) == 1) {
        if (n == 0 || r == 0 || parallel == 0)
            error = SALLY_E_PARSE;
        else if (n <= bound && r <= bound / n && parallel <= bound / n / r)
            error = SALLY_E_OK;
    }
    SCRYPT_PARAMS_free(p);
    return error;
}

static sally_error check_iterations(const ASN1_INTEGER *iterations, uint64_t bound)
{
    uint64_t count = 0;
    if (ASN1_INTEGER_get_uint64(&count, iterations) != 1 || count > bound)
        return SALLY_E_LIMIT;
    return SALLY_E_OK;
}

static sally_error check_pbkdf2(const ASN1_TYPE *parameters, uint64_t bound)
{
    PBKDF2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameters);
    if (!p)
        return SALLY_E_PARSE;
    sally_error error = check_iterations(p->iter, bound);
    PBKDF2PARAM_free(p);
    return error;
}

/* RFC 8018 appendix A.4: PBES2 names the derivation and its parameters. */
static sally_error check_pbes2(const ASN1_TYPE *parameters, const struct key_cost_bounds *bounds)
{
    PBE2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), parameters);
    if (!p)
        return SALLY_E_PARSE;
    sally_error error = SALLY_E_UNSUPPORTED;
    int kind = OBJ_obj2nid(p->keyfunc->algorithm);
    if (kind == NID_id_pbkdf2)
        error = check_pbkdf2(p->keyfunc->parameter, bounds->iterations);
    else if (kind == NID_id_scrypt)
        error = check_scrypt(p->keyfunc->parameter, bounds->scrypt);
    PBE2PARAM_free(p);
    return error;
}

/* RFC 8018 appendix A.3, and PKCS#12's own schemes: salt and iterations. */
static sally_error check_older(const ASN1_TYPE *parameters, uint64_t bound)
{
    PBEPARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), parameters);
    if (!p)
        return SALLY_E_PARSE;
    sally_error error = check_iterations(p->iter, bound);
    PBEPARAM_free(p);
    return error;
}

sally_error key_cost_check(const X509_ALGOR *encryption, const struct key_cost_bounds *bounds)
{
    if (!encryption->parameter)
        return SALLY_E_PARSE;
    if (OBJ_obj2nid(encryption->algorithm) == NID_pbes2)
        return check_pbes2(encryption->parameter, bounds);
    return check_older(encryption->parameter, bounds->iterations);
}
