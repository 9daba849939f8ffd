for (const quotation of document.querySelectorAll(".quotation")) addCopying(quotation);
