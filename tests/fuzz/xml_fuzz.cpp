// Hostile documents against the reader of requests, and hostile texts through the writer.
//
// Checked: values keep their limits; whatever a name is, our form with it in every place is a
// document that is well formed and has one form.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <expat.h>

#include "control/anyconnect/xml_reply.hpp"
#include "control/anyconnect/xml_request.hpp"

using namespace culvert::control;

namespace {

void require(bool ok) {
  if (!ok) std::abort();
}

unsigned count_forms(const std::string& document) {
  XML_Parser parser = XML_ParserCreate("UTF-8");
  unsigned forms = 0;
  XML_SetUserData(parser, &forms);
  XML_SetStartElementHandler(parser, [](void* count, const XML_Char* name, const XML_Char**) {
    if (std::string_view(name) == "form") ++*static_cast<unsigned*>(count);
  });
  const bool good = XML_Parse(parser, document.data(), static_cast<int>(document.size()),
                              XML_TRUE) == XML_STATUS_OK;
  XML_ParserFree(parser);
  require(good);
  return forms;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const AuthRequest request = parse_auth_request(text);
    require(request.username.size() <= kMaxXmlText && request.group.size() <= 1024);
    require(request.password.view().size() <= SecretText::kMaxSize);
    LoginForm form;
    require(request.opaque_group.size() <= kMaxXmlText);
    form.tunnel_group = form.error = form.selected = form.username = request.username;
    form.action = request.opaque_group;
    form.groups = {{request.username, true}, {request.group, false}};
    require(count_forms(login_form(form)) == 1);
    form.ask = LoginForm::Ask::password;
    require(count_forms(login_form(form)) == 1);
  } catch (const std::runtime_error&) {
  }
  return 0;
}
