/*
 * A PKCS #11 library that does what another does, except that encryption fails as it does with a token that was pulled out, as long
 * as a file is there. Built by failures.test.ts with the paths LIBRARY and UNPLUGGED.
 */
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long CK_ULONG;

#define CKR_GENERAL_ERROR 0x05UL
#define CKR_DEVICE_REMOVED 0x32UL

/* PKCS #11 2.40, 3.6: CK_FUNCTION_LIST, a version and 68 functions in a fixed order. */
struct functions {
  unsigned char version[2];
  void *function[68];
};
enum { C_ENCRYPT_INIT = 29 };

static struct functions ours;
static CK_ULONG (*real_encrypt_init)(CK_ULONG, void *, CK_ULONG);

static CK_ULONG encrypt_init(CK_ULONG session, void *mechanism, CK_ULONG key) {
  if (access(UNPLUGGED, F_OK) == 0) return CKR_DEVICE_REMOVED;
  return real_encrypt_init(session, mechanism, key);
}

CK_ULONG C_GetFunctionList(struct functions **list) {
  struct functions *theirs;
  void *library = dlopen(LIBRARY, RTLD_NOW);
  if (library == NULL) return CKR_GENERAL_ERROR;
  CK_ULONG (*get)(struct functions **) = (CK_ULONG (*)(struct functions **))dlsym(library, "C_GetFunctionList");
  CK_ULONG answer = get(&theirs);
  if (answer != 0) return answer;
  memcpy(&ours, theirs, sizeof ours);
  real_encrypt_init = (CK_ULONG (*)(CK_ULONG, void *, CK_ULONG))ours.function[C_ENCRYPT_INIT];
  ours.function[C_ENCRYPT_INIT] = (void *)encrypt_init;
  *list = &ours;
  return 0;
}
