package partnercenter

// field is what is read of a row.
type field int

const (
	account field = iota // the partner's global account
	location
	attribution
	adminType
	month
	date // a month or a day, in reports that are not taken
	tenant
	customerName
	market
	segment
	customerStatus
	subscription
	subscriptionStart
	autoRenew
	channel
	pricing
	product
	reportingProduct
	division
	category
	solutionArea
	sku
	freeOrPaid
	service
	meter
	usageUnits
	enrollment
	revenue
	duplicateForAccount
	duplicateForType
	duplicateForLocation
	workload
	subWorkload
	seats
	users
	participants
	intuneSeats
	intuneUsers
	directorySeats
	directoryUsers
	protectionSeats
	protectionUsers
	claim
	associated
	metricType
	skuGroup
	partnerUsers
	capacity
	monthlyUsers
	profileAccount
	hierarchy
	partnerName
	country
	trainingTitle
	trainingType
	completed
	expires
	activation
	mcid
	firstName
	lastName
	corporateEmail
	email
	directoryUser
	learnTraining
	learnUser
	learnUserName
	learnCompleted
	meetingCount
	userCount
	resellerStatus
	providerLocation
	pricingSummary
	competency
	propensityAccount
	propensityType
	fields
)

// columns are the names of each field's column through the years. Spellings that
// differ in case, spaces and underscores only are one name.
var columns = [fields][]string{
	account:              {"PGAMpnId", "PGAPartnerID", "PGA_MPNId"},
	location:             {"MPNId", "PartnerID"},
	attribution:          {"PartnerAttributionType", "PartnerAttachType", "PartnerAssociationType"},
	adminType:            {"AdminType"},
	month:                {"Month", "MonthKey", "FiscalMonthName", "Date"},
	date:                 {"DateKey", "MonthKey", "Month"},
	tenant:               {"CustomerTenantId"},
	customerName:         {"CustomerName"},
	market:               {"CustomerMarket", "CustomerCountry", "Country"},
	segment:              {"CustomerSegment"},
	customerStatus:       {"CustomerStatus"},
	subscription:         {"SubscriptionId"},
	subscriptionStart:    {"SubscriptionStartDate"},
	autoRenew:            {"IsAutoRenew"},
	channel:              {"SalesChannel"},
	pricing:              {"PricingLevel"},
	product:              {"Product"},
	reportingProduct:     {"ReportingProductName", "RawProductName"},
	division:             {"RevSumDivisionName"},
	category:             {"RevSumCategoryName"},
	solutionArea:         {"SolutionArea"},
	sku:                  {"SKU"},
	freeOrPaid:           {"FreeVsPaidSKU"},
	service:              {"ServiceLevel2", "ServiceName"},
	meter:                {"MeterCategory", "ServiceLevel4"},
	usageUnits:           {"UsageUnits"},
	enrollment:           {"EnrollmentNumber", "EnrollmentId"},
	revenue:              {"ACR_USD", "TotalACR", "AdjustedRevenueAmtCD"},
	duplicateForAccount:  {"IsACRDuplicateAtPGALevel", "IsDuplicateAtPGALevel", "IsDuplicateRowForPGA"},
	duplicateForType:     {"IsACRDuplicateAtPGAAttachTypeLevel", "IsDuplicateAtPGAAttachTypeLevel"},
	duplicateForLocation: {"IsACRDuplicateAtMPNLevel", "IsDuplicateAtMPNLevel"},
	workload:             {"WorkloadName", "Workload", "Workloads"},
	subWorkload:          {"SubWorkload"},
	seats:                {"PaidAvailableUnits", "AvailableSeats"},
	users:                {"MonthlyActiveUsers", "ActiveSeats"},
	participants:         {"AllUpParticipants", "AllUpPartiticipants"},
	intuneSeats:          {"IntunePaidAvailableUnits"},
	intuneUsers:          {"IntuneMonthlyActiveUsers"},
	directorySeats:       {"AADPPaidAvailableUnits"},
	directoryUsers:       {"AADPMonthlyActiveUsers"},
	protectionSeats:      {"AzipPaidAvailableUnits"},
	protectionUsers:      {"AzipMonthlyActiveUsers"},
	claim:                {"ClaimId"},
	associated:           {"DateAssociated"},
	metricType:           {"MetricType"},
	skuGroup:             {"SkuGroup"},
	partnerUsers:         {"PAMAU"},
	capacity:             {"MAC"},
	monthlyUsers:         {"MAU"},
	profileAccount:       {"GlobalPartnerID"},
	hierarchy:            {"HierarchyLevel"},
	partnerName:          {"PartnerName"},
	country:              {"Country"},
	trainingTitle:        {"TrainingTitle"},
	trainingType:         {"TrainingType"},
	completed:            {"TrainingCompletionDate"},
	expires:              {"ExpirationDate"},
	activation:           {"ActivationStatus"},
	mcid:                 {"MCPID"},
	firstName:            {"IndividualFirstName"},
	lastName:             {"IndividualLastName"},
	corporateEmail:       {"CorpEmail"},
	email:                {"Email"},
	directoryUser:        {"AADUserId"},
	learnTraining:        {"TrainingName"},
	learnUser:            {"UserId"},
	learnUserName:        {"UserName"},
	learnCompleted:       {"CompletionDate"},
	meetingCount:         {"MeetingCount"},
	userCount:            {"UserCount"},
	resellerStatus:       {"ResellerStatus"},
	providerLocation:     {"IndirectProviderMPNId"},
	pricingSummary:       {"SummaryPricingLevel"},
	competency:           {"CompetencyName"},
	propensityAccount:    {"AccountName"},
	propensityType:       {"SMCTypeSummary"},
}
