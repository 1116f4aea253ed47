// The texts of the drop reasons, in the order of the enumerators.
#include "dataplane/packet/drop.hpp"

namespace culvert::dp {

const DropReasonText& text(DropReason reason) noexcept {
  static constexpr std::array<DropReasonText, kDropReasons> kTexts{{
#define X(name, keyword, label, sentence) {keyword, label, sentence},
      CULVERT_DROP_REASONS(X)
#undef X
  }};
  return kTexts[static_cast<size_t>(reason)];
}

}  // namespace culvert::dp
